"""What other people made stands here byte for byte as it was taken, with its licence, and loads nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDOR, FONTS = STATIC / "vendor", STATIC / "fonts"
MOST_FONT_BYTES = 60_000


def listed():
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def test_every_vendored_file_is_listed_and_no_other():
    found = {
        str(path.relative_to(STATIC)) for folder in (VENDOR, FONTS) for path in folder.rglob("*") if path.is_file()
    }
    assert found - {"vendor/SHA256SUMS", "vendor/README.md"} == set(listed())


@pytest.mark.parametrize("name", sorted(listed()))
def test_a_vendored_file_is_what_it_was_when_it_was_taken(name):
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == listed()[name]


@pytest.mark.parametrize(
    "path", sorted([*VENDOR.glob("*.js"), *VENDOR.glob("*.css"), *FONTS.glob("*.woff2")]), ids=lambda path: path.name
)
def test_a_vendored_file_has_its_licence_beside_it(path):
    product = re.split(r"[-.]", path.name)[0]
    assert list(path.parent.glob(f"{product}*.LICENSE")), f"{product} has no licence file"


SCRIPTS = sorted(path for ending in ("js", "mjs", "css") for path in VENDOR.rglob(f"*.{ending}"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_vendored_file_names_a_source_map(path):
    """collectstatic looks for the file that such a comment names, and then every page fails."""
    assert b"sourceMappingURL=" not in path.read_bytes()


def test_pdf_js_has_its_licence_and_those_of_what_it_brings():
    folder = VENDOR / "pdfjs"
    assert "Apache License" in (folder / "pdfjs.LICENSE").read_text()
    for name in (
        "LICENSE_JBIG2",
        "LICENSE_OPENJPEG",
        "standard_fonts/LICENSE_FOXIT",
        "standard_fonts/LICENSE_LIBERATION",
        "cmaps/LICENSE",
    ):
        assert (folder / name).stat().st_size > 100


def test_the_fonts_stay_small_together():
    assert sum(path.stat().st_size for path in FONTS.glob("*.woff2")) < MOST_FONT_BYTES


@pytest.mark.parametrize("path", sorted((STATIC / "css").glob("*.css")), ids=lambda path: path.name)
def test_our_style_sheets_name_no_other_host(path):
    assert re.findall(r"url\(\s*[\"']?(?:https?:)?//|@import", path.read_text()) == []
