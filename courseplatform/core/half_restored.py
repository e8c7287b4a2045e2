"""Whether a restore was begun here and has not ended: then the site must not start. courseplatform/keeping/restoring.py writes the note."""

import json
from pathlib import Path

from django.conf import settings

NOTE = "restoring.json"


def note_path() -> Path:
    return Path(settings.DATA_DIR) / NOTE


def unfinished_restore() -> str:
    """The name of the set; "" where there is none."""
    try:
        return str(json.loads(note_path().read_text())["set"])
    except (FileNotFoundError, ValueError, KeyError):
        return ""


def restore_health() -> str:
    return "failing: a restore has not ended" if unfinished_restore() else "ok"
