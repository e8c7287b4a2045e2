"""The end of a term: a course is closed, archived, and some day deleted."""
