"""Runs: their records, their targets, and what each used up to there."""
