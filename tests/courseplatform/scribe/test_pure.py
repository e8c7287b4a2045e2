"""What needs no database: lines found again, turns spread, checks, images and zips by their bytes."""

import io
import random
import re
import struct
import zipfile
from time import process_time

import pytest

from courseplatform.core.errors import AppError
from courseplatform.core.image_files import read_image
from courseplatform.core.markdown import read_markdown
from courseplatform.scribe import archive, text
from courseplatform.scribe.archive import image_name, read_archive
from courseplatform.scribe.checks import REFUSED_LINK, check_note, is_address
from courseplatform.scribe.lines import Fate, find_line
from courseplatform.scribe.rendering import with_marks
from courseplatform.scribe.selectors.notes import source_lines
from courseplatform.scribe.spread import spread
from tests.courseplatform.scribe.builders import png, zipped

OLD = ["# A", "", "one line of text", "", "another line of text", "", "the end"]


def code_of(act):
    with pytest.raises(AppError) as found:
        act()
    assert len(found.value.message) > 20
    return found.value.code


# -- lines --------------------------------------------------------------------------------------------------------------


def test_a_line_that_moved_down_is_found():
    place = find_line(OLD, 3, ["# A", "", "new", "new", "", *OLD[2:]])
    assert (place.line, place.fate) == (6, Fate.SAME)


def test_a_line_that_was_changed_is_found_by_its_neighbours():
    place = find_line(OLD, 5, ["", *OLD[:4], "another line of better text", *OLD[5:]])
    assert (place.line, place.fate) == (6, Fate.CHANGED)


def test_a_line_that_is_gone_is_said_to_be_gone():
    place = find_line(OLD, 5, [*OLD[:4], *OLD[6:]])
    assert place.fate is Fate.GONE
    assert 1 <= place.line <= 5


def test_of_equal_lines_the_one_at_the_same_place_is_meant():
    old = ["# A", "same", "# B", "same", "# C", "same"]
    assert find_line(old, 4, ["new", *old]).line == 5


@pytest.mark.parametrize("new", [[""], ["x"], [""] * 50])
def test_a_text_that_was_emptied_has_no_line_left(new):
    place = find_line(OLD, 7, new)
    assert place.fate is Fate.GONE
    assert 1 <= place.line <= len(new)


def test_thousands_of_equal_lines_are_no_trouble():
    assert find_line(["a"] * 5000, 2500, ["a"] * 4999).fate is Fate.SAME


# -- turns --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "sessions", "times"),
    [(60, 24, 1), (60, 24, 3), (7, 24, 2), (600, 26, 2), (5, 3, 3), (1, 1, 1), (3, 2, 2), (12, 10, 4)],
)
def test_everybody_gets_the_turns_and_the_teams_are_even(people, sessions, times):
    plan = spread(range(people), range(1000, 1000 + sessions), times=times, seed="c")
    sizes = [len(who) for who in plan.values()]
    assert max(sizes) - min(sizes) <= 1
    assert all(len(set(who)) == len(who) for who in plan.values())
    turns = [person for who in plan.values() for person in who]
    assert sorted(turns) == sorted(list(range(people)) * times)


def test_the_turns_of_one_person_lie_apart():
    plan = spread(range(60), range(24), times=2, seed="c")
    for person in range(60):
        first, second = (n for n, who in plan.items() if person in who)
        assert second - first >= 1
    halves = [sum(person in who for n, who in plan.items() if n < 12) for person in range(60)]
    assert set(halves) == {1}


def test_the_same_question_gives_the_same_plan_and_another_course_another():
    assert spread(range(9), range(5), times=1, seed="a") == spread(range(9), range(5), times=1, seed="a")
    assert spread(range(9), range(5), times=1, seed="a") != spread(range(9), range(5), times=1, seed="b")


def test_more_turns_than_lectures_are_cut_and_nobody_is_no_plan():
    assert sorted(spread([1, 2], [5], times=9, seed="")[5]) == [1, 2]
    assert spread([], [5], times=1, seed="") == {5: []}
    assert spread([1], [], times=1, seed="") == {}


# -- checks -------------------------------------------------------------------------------------------------------------


def checked(source):
    facts = read_markdown(source, image_url=lambda name: "/x" if name == "a.png" else None)[1]
    return {(check["is_good"], check["line"]): check["words"] for check in check_note(source, facts)}


def test_what_is_right_is_counted():
    found = checked("# A\n\nFive words stand in here $x$ [l](https://example.org).\n\n![Text](a.png)\n")
    assert all(is_good for is_good, _ in found)


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("# A\n\n$\\frac{a$", 3, "formula not drawn"),
        ("# A\n\n![](a.png)", 3, "no text"),
        ("# A\n\n![b](b.png)", 3, "not attached"),
        ("# A\n\n### C", 3, "jumps from level 1 to 3"),
        ("# A\n\n[l](notes.md)", 3, "leads nowhere"),
        ("# A\n\n[l](javascript:alert(1))", 3, "not taken"),
        ("words only", 0, "no heading"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(source, line, said):
    assert said in checked(source)[False, line]


@pytest.mark.parametrize(
    ("href", "is_right"),
    [("https://example.org/a?b#c", True), ("mailto:a@example.org", True), ("http://localhost", False), ("//example.org", False), ("notes.md", False),
     ("https://[", False), ("https://exa mple.org", False), ("mailto:x", False), ("", False)],
)  # fmt: skip
def test_an_address_is_judged_without_the_network(href, is_right):
    assert is_address(href) is is_right


# -- the source and the marks -------------------------------------------------------------------------------------------


def test_the_source_knows_headings_formulas_images_and_code():
    lines = source_lines(
        ["# A", "$$ x", "y $$", "![a](b)", "```", "# no", "```", "text", "$$ one $$", "text"], {1: [(2, "open")]}
    )
    assert [line.look for line in lines] == [
        "heading",
        "formula",
        "formula",
        "image",
        "code",
        "code",
        "code",
        "",
        "formula",
        "",
    ]
    assert lines[0].tone == "open"


def test_a_mark_stands_at_the_innermost_block_of_its_line():
    html, _ = read_markdown("# A\n\none\ntwo\n\n$$ x\n$$\n\n- a\n- b\n", line_numbers=True)
    marked = with_marks(html, {4: [(1, "open")], 7: [(2, "confirmed")], 10: [(3, "done"), (4, "open")]})
    assert '<p data-mark="1" data-tone="open" id="place-1" data-line="3">' in marked
    assert '<div class="equation" data-mark="2"' in marked
    assert '<li data-mark="3, 4" data-tone="open" id="place-3" data-line="10">b' in marked


def test_a_mark_cannot_be_forged_by_the_text():
    html, _ = read_markdown('<p data-line="1" data-mark="9">x</p>\n\n`<p data-line="2"`', line_numbers=True)
    tags = re.findall(r"<[^>]*data-mark[^>]*>", with_marks(html, {1: [(1, "open")], 3: [(2, "open")]}))
    assert [re.search(r'data-mark="(\d)"', tag)[1] for tag in tags] == ["1", "2"]


# -- images -------------------------------------------------------------------------------------------------------------

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 10 + b"\xff\xc0\x00\x11\x08\x00\x20\x00\x40" + b"\0" * 20
WEBP_LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 64, 32) + b"\0" * 8
WEBP_LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 63 | 31 << 14) + b"\0" * 8
WEBP_EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (63).to_bytes(3, "little") + (31).to_bytes(3, "little")


@pytest.mark.parametrize(
    ("content", "kind"),
    [(png(64, 32), "png"), (JPEG, "jpeg"), (WEBP_LOSSY, "webp"), (WEBP_LOSSLESS, "webp"), (WEBP_EXTENDED, "webp")],
)
def test_an_image_is_known_by_its_bytes(content, kind):
    found = read_image(content, "a.png")
    assert (found.media_type, found.width, found.height) == (f"image/{kind}", 64, 32)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<html><script>alert(1)</script></html>", "not_an_image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "svg_refused"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><svg/>', "svg_refused"),
        (b"GIF89a" + b"\0" * 50, "not_an_image"),
        (b"", "not_an_image"),
        (png()[:18], "broken_image"),
        (b"\xff\xd8\xff\xe0", "not_an_image"),
        (b"\xff\xd8\xff" + b"\xff" * 5000, "not_an_image"),
        (b"RIFF\0\0\0\0WEBPVP8L", "broken_image"),
        (png(30_000, 30_000), "image_too_many_pixels"),
        (png(0, 10), "image_too_many_pixels"),
        (png() + b"\0" * (5 << 20), "image_too_large"),
    ],
)
def test_what_is_no_image_of_ours_is_refused(content, code):
    assert code_of(lambda: read_image(content, "figure.png")) == code


@pytest.mark.parametrize(
    ("source", "name"),
    [("./fig/a.png", "fig/a.png"), ("fig/a%20b.png", "fig/a b.png"), ("fig\\a.png", "fig/a.png"), ("../x/a.png", "../x/a.png"),
     ("https://e.org/a.png", ""), ("/etc/passwd", ""), ("data:image/png;base64,x", ""), ("a" * 300, ""), ("a\0b", "")],
)  # fmt: skip
def test_an_image_is_named_in_one_way(source, name):
    assert image_name(source) == name


# -- zips and texts -----------------------------------------------------------------------------------------------------


def test_a_zip_gives_its_note_and_the_images_as_the_note_names_them():
    found = read_archive(
        zipped(
            {
                "l/05/note.md": "# A",
                "l/05/fig/a.png": png(),
                "l/img/b.png": png(),
                "l/README.txt": "x",
                "__MACOSX/x": "x",
            }
        )
    )
    assert (found.name, found.text) == ("note.md", "# A")
    assert set(found.images) == {"fig/a.png", "../img/b.png"}
    assert found.unused == ["l/README.txt"]


def test_of_several_notes_one_is_named():
    content = zipped({"a.md": "a", "b/c.md": "c"})
    assert code_of(lambda: read_archive(content)) == "several_markdown"
    assert read_archive(content, chosen="c.md").text == "c"
    assert code_of(lambda: read_archive(content, chosen="d.md")) == "no_markdown"


@pytest.mark.parametrize("name", ["../note.md", "a/../../note.md", "/etc/note.md", "C:\\note.md", "..\\note.md"])
def test_a_zip_that_reaches_outside_is_refused(name):
    assert code_of(lambda: read_archive(zipped({name: "x", "ok.md": "x"}))) == "unsafe_path"


def test_a_link_in_a_zip_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        link = zipfile.ZipInfo("note.md")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    assert code_of(lambda: read_archive(out.getvalue())) == "unsafe_path"


def test_a_zip_bomb_is_stopped_before_it_is_unpacked():
    assert code_of(lambda: read_archive(zipped({"note.md": b"\0" * (60 << 20)}))) == "zip_bomb"
    many = {f"{n}.png": png() + b"\0" * (3 << 20) for n in range(20)}
    assert code_of(lambda: read_archive(zipped({"note.md": "# A", **many}))) == "zip_bomb"


def test_a_zip_that_lies_about_its_sizes_is_stopped_all_the_same():
    content = bytearray(zipped({"note.md": b"a" * (2 << 20)}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(mark) + at
        content[place : place + 4] = struct.pack("<I", 10)
    assert code_of(lambda: read_archive(bytes(content))) in ("zip_bomb", "not_a_zip")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 and nothing", "not_a_zip"),
        (zipped({"note.md": "x"})[:-30], "not_a_zip"),
        (zipped({"a.txt": "x"}), "no_markdown"),
        (zipped({f"{n}.md": "x" for n in range(400)}), "zip_too_many_files"),
        (zipped({"note.md": "x", "a.png": "<html>"}), "not_an_image"),
        (zipped({"note.md": "x", "a.svg": "<svg/>"}), "svg_refused"),
        (zipped({"note.md": b"\xff\xfea\0"}), "not_utf8"),
        (b"PK" + b"\0" * (archive.MOST_ZIP_BYTES), "zip_too_large"),
    ],
)
def test_a_zip_that_cannot_be_read_says_why(content, code):
    assert code_of(lambda: read_archive(content)) == code


def test_a_locked_zip_is_refused():
    content = bytearray(zipped({"note.md": "x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    assert code_of(lambda: read_archive(bytes(content))) == "zip_encrypted"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("a\0b", "nul_byte"),
        ("a" * (5 << 20), "markdown_too_large"),
        ("a\n" * 6000, "too_many_lines"),
        ("[" * 50_000, "markdown_too_dense"),
    ],
)
def test_a_text_that_is_none_is_refused(source, code):
    assert code_of(lambda: text.note_text(source)) == code


def test_a_text_has_one_kind_of_line_end():
    assert text.note_text("a\r\nb\rc\x0b\u2028d") == "a\nb\nc  d"


def test_a_zip_of_an_uncommon_kind_is_refused_before_it_is_unpacked():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("note.md", "# A")
    assert code_of(lambda: read_archive(out.getvalue())) == "not_a_zip"


def test_every_byte_of_a_zip_may_be_wrong():
    """Whatever a damaged zip makes Python's reader raise, it is refused with a code."""
    rng = random.Random(7)
    whole, refused = zipped({"note.md": "# Note", "a.png": png()}), set()
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            read_archive(bytes(damaged[: rng.choice((len(damaged), rng.randrange(len(damaged)))) or 1]))
        except AppError as error:
            refused.add(error.code)
    assert {"not_a_zip", "no_markdown"} <= refused


def test_a_note_of_spaces_does_not_keep_the_site_busy():
    begun = process_time()
    assert REFUSED_LINK.search("[a](" + " " * 50_000) is None
    assert process_time() - begun < 2  # minutes where a space can be read in two ways
    assert REFUSED_LINK.search("[a]( < javascript:alert(1)").group(1) == "javascript:alert(1"
