"""Real participants: their answers in, a crowd fitted to them out, and its test."""
