"""The documents of docs/ as pages of the site. Each file there is one; Sphinx makes a site of its own of the same files (docs/conf.py).

A document begins with its title, and links to others by their file names, so that it reads well in an editor, too.
"""

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import slugify

from courseplatform.core.errors import NotHere
from courseplatform.core.markdown import render_markdown

FRONT = "index"
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|mailto:)([^)#\s]*)(#[\w-]+)?\)")
PICTURE = re.compile(r"^img/([\w-]+\.avif)$")
SHOWN = re.compile(r'(<img src="[^"]*/docs/([\w-]+?)(?:\.[0-9a-f]{12})?\.avif")')


@dataclass(frozen=True)
class Chapter:
    slug: str
    title: str
    html: SafeString


@dataclass(frozen=True)
class Document:
    """One file: its title, what stands before the first chapter, and the chapters."""

    title: str
    before: SafeString
    chapters: tuple[Chapter, ...]


def folder() -> Path:
    return Path(settings.BASE_DIR) / "docs"


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    return frozenset(path.stem for path in folder().glob("*.md"))


@lru_cache(maxsize=64)
def document(name: str) -> Document:
    """The document docs/<name>.md. It is read once in the life of a process: the files come with the code.

    Raises:
        NotHere: there is no such document.
    """
    if name not in names():
        raise NotHere("There is no such page.")
    head, *chapters = re.split(r"^## ", (folder() / f"{name}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    title, _, before = head.partition("\n")
    return Document(title.removeprefix("# ").strip(), _html(before), tuple(_chapter(text) for text in chapters))


def _chapter(text: str) -> Chapter:
    title, _, rest = text.partition("\n")
    return Chapter(slugify(title), title, _html(rest))


def _html(text: str) -> SafeString:
    html = render_markdown(LINK.sub(_leads_to_page, text), image_url=_picture)
    return SafeString(SHOWN.sub(_with_size, html))


def _with_size(shown: re.Match[str]) -> str:
    """A picture says its size, so that the text below stays where it is when the picture comes."""
    width, height = avif_size((folder() / "img" / f"{shown[2]}.avif").read_bytes())
    return f'{shown[1]} width="{width}" height="{height}"'


def avif_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels of one of our own pictures: its box `ispe` holds a version, and then the two. What people upload is read elsewhere."""
    width, height = struct.unpack_from(">II", content, content.index(b"ispe") + 8)
    return width, height


def _leads_to_page(link: re.Match[str]) -> str:
    """A link to another document leads to its page; one to a file that is no page keeps its words only."""
    words, path, chapter = link[1], link[2], link[3] or ""
    name = path.removesuffix(".md")
    return (
        f"[{words}]({reverse('core:page', args=[name])}{chapter})"
        if path.endswith(".md") and name in names()
        else words
    )


def _picture(source: str) -> str | None:
    found = PICTURE.match(source)
    return static(f"docs/{found[1]}") if found else None
