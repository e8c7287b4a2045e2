"""What a team reads from its own meter while a board without a power sensor runs a model."""
