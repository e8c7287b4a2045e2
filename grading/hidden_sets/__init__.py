"""What a hidden set holds, and whether a lab can measure on it."""
