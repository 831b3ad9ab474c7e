"""The decision: net benefits under chance and world, and what is worth knowing."""
