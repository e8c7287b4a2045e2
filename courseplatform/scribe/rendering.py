"""A note's text as HTML: rendered once a version, again when the renderer has changed; marks for change requests laid over it."""

import re
from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from courseplatform.core.markdown import RENDERER, Facts, read_markdown
from courseplatform.scribe.archive import image_name
from courseplatform.scribe.checks import check_note
from courseplatform.scribe.models import NoteImage, NoteVersion, ScribeDuty

BLOCK = re.compile(r'<\w+[^<>]*? data-line="(\d+)"')


def current_images(duty: ScribeDuty) -> dict[str, str]:
    """The id of each image by the name that the text uses."""
    found = NoteImage.objects.filter(duty=duty, is_current=True).values_list("name", "pk")
    return {name: str(pk) for name, pk in found}


def render_note(duty: ScribeDuty, text: str, images: Mapping[str, str]) -> tuple[SafeString, Facts]:
    """Raises TooLarge or BadInput as core.markdown does."""

    def image_url(source: str) -> str | None:
        found = images.get(image_name(source))
        return reverse("scribe:image", args=[duty.course.slug, duty.pk, found]) if found else None

    return read_markdown(text, image_url=image_url, line_numbers=True)


def fill_version(version: NoteVersion) -> None:
    """Render a version that is about to be stored, and check it."""
    html, facts = render_note(version.duty, version.text, version.images)
    version.html, version.renderer, version.checks = str(html), RENDERER, check_note(version.text, facts)


def version_html(version: NoteVersion) -> SafeString:
    """What is stored; rendered and stored again where another renderer made it."""
    if version.renderer != RENDERER:
        fill_version(version)
        NoteVersion.objects.filter(pk=version.pk).update(
            html=version.html, renderer=version.renderer, checks=version.checks
        )
    return mark_safe(version.html)  # noqa: S308 made by the renderer above, from nobody else  # nosec B308, B703


def with_marks(html: str, marks: Mapping[int, Sequence[tuple[int, str]]]) -> SafeString:
    """Give the block that holds a line the numbers of its requests: `{55: [(2, "open")]}`.

    Static markup only: the number and the tone are attributes, drawn by static/css/scribe.css.
    """
    blocks = [(int(found[1]), found.start()) for found in BLOCK.finditer(html)]
    at: dict[int, list[tuple[int, str]]] = {}
    for line, requests in marks.items():
        before = [(start, place) for start, place in blocks if start <= line]
        if before and line:
            at.setdefault(max(before)[1], []).extend(requests)
    for place in sorted(at, reverse=True):
        numbers = sorted(at[place])
        tone = next((tone for wanted in ("open", "done") for _, tone in numbers if tone == wanted), numbers[0][1])
        words = ", ".join(str(number) for number, _ in numbers)
        mark = format_html(' data-mark="{}" data-tone="{}" id="place-{}"', words, tone, numbers[0][0])
        end = html.index(" data-line", place)
        html = html[:end] + mark + html[end:]
    return mark_safe(html)  # noqa: S308 numbers and tones of ours in markup of ours  # nosec B308, B703
