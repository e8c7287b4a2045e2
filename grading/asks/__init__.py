"""A board run that somebody asks for of an attempt that was measured here: whether it may be asked for. Writes nothing."""
