"""Crowds fitted to answers: quality, own noise, times, preferences."""
