"""Figures of a report, of one task or of all of a study's."""
