"""What no schema says about the parts that stand in this room: addresses of people, hours of nobody."""

import re
from collections.abc import Iterator

from courseplatform.courses.course_file.reading import Finding, Source

# The name before the @ begins after a space or a mark: https://example.org/@somebody is no address of mail.
# A name is tried from its first letter only: tried from each, a pasted picture of 70 KB kept the site busy for half a minute.
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


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
