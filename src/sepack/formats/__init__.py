"""Bytes and text of a format to nouns and back: pure, one file a format."""
