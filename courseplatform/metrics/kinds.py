"""What kind of request a route is. Few kinds, and names of routes only: a path would carry names of people and courses into the figures.

An app that knows better than the last word of a route's name says so when it is ready (`mark_routes`).
"""

from django.http import HttpRequest

PAGE, HAND_IN, POLL, API, FILE = "page", "hand_in", "poll", "api", "file"
MINUTE_KINDS = (PAGE, HAND_IN, POLL, API, FILE)  # what people wait for; the rest is counted by Prometheus alone
RUNNER, PROBE, STATIC = "runner", "probe", "static"

_marked: dict[str, str] = {"core:healthz": PROBE, "metrics:metrics": PROBE}
_apps: dict[str, str] = {"api": API}
_LAST_WORDS = {
    "live": POLL,
    **dict.fromkeys(
        ("csv", "download", "excel", "file", "image", "json", "latex", "pdf", "photo", "picture", "plot", "png", "slides", "svg"), FILE
    ),
}  # fmt: skip


def mark_routes(kind: str, *names: str) -> None:
    """Routes (`app:name`) that are of this kind, whatever they are called."""
    _marked.update(dict.fromkeys(names, kind))


def mark_app(kind: str, app: str) -> None:
    """All routes of one app; what `mark_routes` says of one of them goes before."""
    _apps[app] = kind


def kind_of(request: HttpRequest) -> str:
    """Of a request that was answered. A hand-in is the POST; what shows it is a page."""
    match = request.resolver_match
    if match is None:
        return STATIC if request.path_info.startswith("/static/") else PAGE
    kind = _known(match.view_name or "")
    if kind == HAND_IN and request.method != "POST":
        return _by_name(match.view_name)
    return kind


def _known(name: str) -> str:
    """The kind of a route, kept once it was asked for: there are some hundred names."""
    if name not in _marked:
        _marked[name] = _by_name(name)
    return _marked[name]


def _by_name(name: str) -> str:
    app, _, rest = name.rpartition(":")
    return _apps.get(app) or _LAST_WORDS.get(rest.rpartition("_")[2], PAGE)
