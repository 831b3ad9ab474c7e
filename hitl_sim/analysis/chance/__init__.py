"""Intervals, and what may be claimed by them: chance alone, no price and no record."""
