"""Credits for taking part, attendance, imports of Slack and Piazza."""
