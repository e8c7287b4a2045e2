"""What must not stand in a log: keys in addresses that open something without signing in. A processor of structlog.

That is the link with which a password can be chosen, an invitation, the address of a private calendar, the link that stops mails, and
what is on its way between an LMS and this site;
and an access token, wherever somebody wrote it.
"""

import re
from collections.abc import MutableMapping
from typing import Any

LINK_KEY = re.compile(
    r"(/password/reset/key/(?=[0-9A-Za-z]+-)|/people/invitation/|/calendar/(?=[\w-]{16,}\.)|/notifications/stop/"
    r"|/lti/(?:register|enter|connect|link|pick)/|/lti/login/\?)[^\s\"'<>]+"
)
TOKEN = re.compile(r"mlp_[\w-]{5,}")  # what the pages show of one, mlp_ab12, stays


def without_link_keys(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every text of the event, whoever wrote the line: the path of a request, a message of Django's, a traceback."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = TOKEN.sub("mlp_[redacted]", LINK_KEY.sub(r"\1[redacted]", value))
    return event
