"""The keys of the desk, as the dialog of shortcuts lists them. What they do is in static/js/ta-desk.js."""

KEYS = [
    ("1 to 9, then letters", "tick what has this key, or go to its points"),
    ("0", "nothing of an item that has no mark yet: 0 points"),
    ("Enter", "done, next report"),
    ("j, k", "next, previous report that is free"),
    ("c", "comment; Esc leaves it, Ctrl and Enter is done"),
    (":", "a snippet; letters find it, Enter puts it in"),
    ("s", "keep the comment as a snippet"),
    ("a", "annotate the report"),
    ("e", "earlier attempts"),
    ("r", "release the claim"),
    ("u", "undo the last change"),
]
