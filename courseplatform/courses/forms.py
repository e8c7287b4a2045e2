"""The form of a session: what an instructor types, and how lines of text become links, speakers and an outline."""

import re
from typing import Any

from django import forms

from courseplatform.core.form_fields import DayField, WholeField
from courseplatform.courses.models import Session

MOST_LINES = 60
DETAILS = ("outline", "links", "speakers", "abstract")  # folded away until they are needed
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
CLOCK = {"type": "time"}


class SessionForm(forms.Form):
    title = forms.CharField(max_length=200)
    held_on = DayField(label="Day", required=False, widget=DAY)
    starts_at = forms.TimeField(label="From", required=False, widget=forms.TimeInput(attrs=CLOCK, format="%H:%M"))
    ends_at = forms.TimeField(label="To", required=False, widget=forms.TimeInput(attrs=CLOCK, format="%H:%M"))
    place = forms.CharField(max_length=80, required=False)
    column = forms.ChoiceField(choices=[("", "none"), *Session.Column.choices], required=False)
    kind = forms.ChoiceField(choices=Session.Kind.choices)
    number = WholeField(label="Lecture number", required=False, min_value=0, max_value=500)
    note = forms.CharField(max_length=200, required=False)
    outline = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="A point a line; two spaces before it put it below the one above.",
    )
    links = forms.CharField(
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A link a line: Slides https://... Without an address it stands as to come.",
    )
    speakers = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A person a line: Song Han, MIT",
    )
    abstract = forms.CharField(
        required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), help_text="Markdown"
    )
    releases_lab = forms.BooleanField(label="A lab is given out in it", required=False)
    is_cancelled = forms.BooleanField(label="Cancelled", required=False)
    is_published = forms.BooleanField(label="On the schedule, for everybody to see", required=False)
    tell = forms.BooleanField(label="Tell the members what changed", required=False)
    sequence = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def main_fields(self) -> list[forms.BoundField]:
        return [
            field for field in self.visible_fields() if field.name not in DETAILS and field.widget_type != "checkbox"
        ]

    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in DETAILS]

    def checks(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.widget_type == "checkbox"]

    def has_more(self) -> bool:
        """Whether the folded fields hold something, or something is wrong with them."""
        return any(field.value() or field.errors for field in self.more_fields())

    def clean_links(self) -> list[dict[str, str]]:
        return [_link(line) for line in _lines(self.cleaned_data["links"])]

    def clean_outline(self) -> list[Any]:
        return outline_of(self.cleaned_data["outline"])

    def clean_speakers(self) -> list[dict[str, str]]:
        pairs = [line.partition(",") for line in _lines(self.cleaned_data["speakers"])]
        return [
            {"name": name.strip()[:120]} | ({"affiliation": rest.strip()[:160]} if rest.strip() else {})
            for name, _, rest in pairs
        ]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if bool(found.get("starts_at")) != bool(found.get("ends_at")) and not {"starts_at", "ends_at"} & set(
            self.errors
        ):
            self.add_error("ends_at", "From and to go together: give both or neither.")
        return found

    def values(self, session: Session | None) -> dict[str, Any]:
        """For services.sessions.session_save. Details that the form does not show are kept."""
        data = self.cleaned_data
        details = dict(session.details) if session else {}
        for key in DETAILS:
            details.pop(key, None)
            if data[key]:
                details[key] = data[key]
        names = (
            "title",
            "held_on",
            "starts_at",
            "ends_at",
            "place",
            "column",
            "kind",
            "number",
            "note",
            "releases_lab",
            "is_cancelled",
            "is_published",
        )
        is_class = data["kind"] not in (Session.Kind.HOLIDAY, Session.Kind.NONE)
        return {name: data[name] for name in names} | {"details": details, "is_class": is_class}


def initial_of(session: Session) -> dict[str, Any]:
    names = (
        "title",
        "held_on",
        "starts_at",
        "ends_at",
        "place",
        "column",
        "kind",
        "number",
        "note",
        "releases_lab",
        "is_cancelled",
        "is_published",
        "sequence",
    )
    details = session.details
    return {name: getattr(session, name) for name in names} | {
        "outline": outline_text(details.get("outline", [])),
        "links": "\n".join(" ".join(part for part in (link["label"], link.get("url", "")) if part) for link in details.get("links", [])),
        "speakers": "\n".join(", ".join(part for part in (s["name"], s.get("affiliation", "")) if part) for s in details.get("speakers", [])),
        "abstract": details.get("abstract", ""),
        "tell": True,
    }  # fmt: skip


def _lines(text: str) -> list[str]:
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if len(found) > MOST_LINES:
        raise forms.ValidationError(f"These are {len(found)} lines; at most {MOST_LINES} are kept.", code="too_many")
    return found


def _link(line: str) -> dict[str, str]:
    match = re.fullmatch(r"(.*?)\s*((?:https?://)\S+)?", line)
    label, url = (match[1].strip(), match[2] or "") if match else (line, "")
    if re.search(r"\b[a-z]+:", label) and not url:
        raise forms.ValidationError(f"{line[:60]}: the address must begin with https:// or http://.", code="wrong_form")
    kind = (
        "live"
        if "live" in label.lower()
        else "video"
        if "video" in label.lower()
        else "slides"
        if "slide" in label.lower()
        else "other"
    )
    return {"label": (label or url)[:80], "kind": kind} | ({"url": url[:300]} if url else {})


def outline_of(text: str) -> list[Any]:
    """Lines to points: two spaces (or a further `- `) put a point below the one above, three levels deep at most."""
    lines = [line.expandtabs(2) for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise forms.ValidationError(f"These are {len(lines)} points; at most {MOST_LINES} are kept.", code="too_many")
    root: list[Any] = []
    stack: list[tuple[int, list[Any]]] = [(-1, root)]
    for line in lines:
        depth = min((len(line) - len(line.lstrip())) // 2, 2)
        node: tuple[str, list[Any]] = (line.strip().removeprefix("- ").strip()[:300], [])
        while stack[-1][0] >= depth:
            stack.pop()
        stack[-1][1].append(node)
        stack.append((depth, node[1]))
    return _points(root)


def _points(nodes: list[Any]) -> list[Any]:
    return [{"title": title, "points": _points(below)} if below else title for title, below in nodes]


def outline_text(points: list[Any], depth: int = 0) -> str:
    lines = []
    for point in points:
        title = point["title"] if isinstance(point, dict) else point
        lines.append(f"{'  ' * depth}{title}")
        if isinstance(point, dict):
            lines.append(outline_text(point["points"], depth + 1))
    return "\n".join(lines)
