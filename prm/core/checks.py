"""Checks at start for what a self-hoster forgets."""
