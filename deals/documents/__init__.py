"""What deals say at length: two deals side by side, a line’s arithmetic, a month’s statement."""
