"""What must not stand in a log: the key of a link with which a password can be chosen, also that of an invitation. A processor of structlog."""

import re
from collections.abc import MutableMapping
from typing import Any

RESET_KEY = re.compile(r"(/password/reset/key/)[0-9A-Za-z]+-[^\s\"'<>]+|(/people/invitation/)[^\s\"'<>/]+")


def without_reset_keys(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every text of the event, whoever wrote the line: the path of a request, a message of Django's, a traceback."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = RESET_KEY.sub(r"\1\2[redacted]", value)
    return event
