"""From columns as they come to the one table of answers."""
