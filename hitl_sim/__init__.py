"""Simulated people guide training: what that saves, and what the people cost."""

__version__ = "0.1.0"
