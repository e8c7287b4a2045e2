"""A whole lab counted again: which rules a result stands by, what would change, which attempt would count. Writes nothing."""
