"""What a kit consists of."""
