"""What a hand-in may be: who, until when, which parts, and which attempt counts."""
