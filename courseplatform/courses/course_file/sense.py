"""What no schema says about the parts that stand in this room: addresses of people, hours of nobody, losses above the whole."""

import re
from collections.abc import Iterator

from courseplatform.courses.course_file.reading import Finding, Path, Source

# The name before the @ begins after a space or a mark: https://example.org/@somebody is no address of mail.
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PERCENT_KINDS = {"percent_of_max", "percent_of_earned", "cap"}


def addresses(source: Source) -> Iterator[Finding]:
    """E-mail addresses, in comments too: an export gives the text back as it came."""
    for number, text in enumerate(source.text.splitlines(), 1):
        if MAIL.search(text):
            said = "An e-mail address stands here. A course file holds none: write where one asks, as Piazza or a mailing list by its name."
            yield Finding(number, "e_mail_address", said)


def hours_of_nobody(source: Source) -> Iterator[Finding]:
    names = [item["name"] for item in source.tree.get("staff", []) if "name" in item]
    for n, hour in enumerate(source.tree.get("office_hours", [])):
        if hour["who"] not in names:
            known = f"It has {', '.join(names[:8])}." if names else "It names nobody."
            said = f"office_hours[{n}] is of {hour['who'][:60]}, who is not among staff. {known}"
            yield Finding(source.line("office_hours", n), "not_of_staff", said)


def losses(source: Source) -> Iterator[Finding]:
    """More than the whole cannot be lost; as points it can, since the points of an assignment are not known here."""
    penalty = source.tree.get("late_policy", {}).get("policy", {}).get("penalty", {})
    if penalty.get("kind") not in PERCENT_KINDS:
        return
    place = ("late_policy", "policy", "penalty")
    given: list[tuple[Path, float]] = [(("steps", n), value) for n, value in enumerate(penalty.get("steps", []))]
    given += [((key,), penalty[key]) for key in ("each", "most") if key in penalty]
    for path, value in given:
        if value > 100:
            said = f"late_policy.policy.penalty.{path[0]} is {value:g} %; more than 100 % cannot be lost."
            yield Finding(source.line(*place, *path), "too_large", said)
