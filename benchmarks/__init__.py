"""Side by side with the peers, one command each."""
