"""When something is due back, who is told, and how it is said."""
