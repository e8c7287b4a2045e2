"""Published networks as graphs, from their papers: shapes and operators only, because latency needs no weights."""
