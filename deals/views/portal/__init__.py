"""What partner people open about their deals."""
