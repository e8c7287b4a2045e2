"""Late days between the database and the rules: rows to facts, and what the verdicts say to a page."""
