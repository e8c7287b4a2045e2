"""Which key ticks what: 1 to 9, then letters that the desk uses for nothing else. Pure."""

# Not among them: J K next and previous, C comment, A annotate, E earlier attempts, R release, U undo, G pages, S snippet, N names.
KEYS = "123456789bdfhilmopqtvwxyz"


def key_of(place: int) -> str:
    """The key of the option at this place, from 0; "" where there are no keys left: it is reached with Tab."""
    return KEYS[place] if place < len(KEYS) else ""
