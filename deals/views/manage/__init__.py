"""What the vendor's staff open about deals."""
