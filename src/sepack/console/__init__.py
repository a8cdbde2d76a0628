"""How nouns look to a person or a program: one file a printed noun; the only place that prints."""
