"""The part `assignments` of the course file: its keys, one module each, and what an import of it would change."""
