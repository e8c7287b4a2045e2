"""What a tag, a value or a file of the stock may be."""
