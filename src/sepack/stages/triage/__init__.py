"""Denials × base policy → verdicts: what each is and what fixes it; one file a kind, asked in `order`."""
