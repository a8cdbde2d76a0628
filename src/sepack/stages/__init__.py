"""The stages: each turns one noun into the next, and none knows its neighbours."""
