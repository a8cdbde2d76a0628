"""Verdicts → a Proposal: which module a denial belongs to, what its ledger says already, what would be written."""
