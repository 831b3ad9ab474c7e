"""A fit beside people left out, its rivals, and crowds drawn from it."""
