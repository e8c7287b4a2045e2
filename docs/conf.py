"""Sphinx: the documents of this folder as a site of their own. `make docs` builds it into docs/_site.

The contents stand once, as the lists of index.md, which the site's own help shows as well; Sphinx gets its tree from them.
"""

import re
from typing import Any

from sphinxcontrib.httpdomain import HTTP_STATUS_CODES

HTTP_STATUS_CODES[460] = "Checksum Mismatch"  # of the tus protocol
project, author, project_copyright = "Milliamp", "The Milliamp authors", "2026, the Milliamp authors"
extensions = ["myst_parser", "sphinxcontrib.openapi"]
html_theme, html_title = "furo", "Milliamp"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1d4f91", "color-brand-content": "#1d4f91"},
    "dark_css_variables": {"color-brand-primary": "#8fb8ee", "color-brand-content": "#8fb8ee"},
}
source_suffix = {
    ".md": "markdown",
    ".myst": "markdown",
    ".rst": "restructuredtext",
}  # .md alone are also pages of the site
exclude_patterns = ["_site"]
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
nitpicky = True

SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
ENTRY = re.compile(r"^- \[[^\]]+\]\(([\w-]+)\.md\)", re.MULTILINE)
WITH_SECTION = {
    "For contributors": ["contributing", "api-reference", "runner-api-reference"]
}  # pages that Sphinx alone has


def add_contents(app: Any, name: str, source: list[str]) -> None:
    """After the lists of index.md, a hidden tree of the same pages."""
    if name != app.config.root_doc:
        return
    _, *parts = SECTION.split(source[0])
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        pages = [*ENTRY.findall(text), *WITH_SECTION.get(title, [])]
        source[0] += "\n".join(["\n```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```\n"])


def setup(app: Any) -> None:
    app.connect("source-read", add_contents)
