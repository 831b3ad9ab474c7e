"""What answers hold: statistics, agreement, idle time, what they identify."""
