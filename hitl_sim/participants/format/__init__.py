"""Exports of annotation tools that come as JSON: one file for each format."""
