"""Where the same is done to many parts; the only room that spreads work."""
