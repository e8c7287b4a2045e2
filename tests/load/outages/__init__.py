"""The pieces of tests/load/faults.py: machines of its own that can be broken, a site on them, students, what breaks it, and what came out."""
