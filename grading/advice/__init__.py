"""What would help: changes of the stored graph, counted and predicted anew; and what does not fit, drawn. Pure."""
