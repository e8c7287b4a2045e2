"""How many things were out over a term, as numbers and as a picture."""
