"""What needs no site: text for terminals, addresses and secrets, costs in words, parts, names of files, completion."""

import io
import os
import stat
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from courseplatform.cli.client import completion, cost, parts, places, sign_in, text, unfinished
from courseplatform.cli.client.console import Console
from courseplatform.cli.client.download import file_name
from courseplatform.cli.client.line import multipart
from courseplatform.cli.client.parser import build
from courseplatform.cli.client.sending import Local, Progress, look_at
from courseplatform.cli.client.watch import progress_words
from courseplatform.cli.client.words import SignedOut, WrongUse


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(places.FOLDER_VARIABLE, str(tmp_path / "home"))
    for name in (sign_in.TOKEN_VARIABLE, sign_in.SITE_VARIABLE, "MILLIAMP_COURSE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


# -- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain", "plain"),
        ("\x1b]0;owned\x07\x1b[2J", "\\x1b]0;owned\\x07\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\tc", "a b c"),
        ("exe.\u202exnno", "exe.\\u202exnno"),
        ("12\u202fms 1\u2009000", "12 ms 1 000"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_what_others_wrote_cannot_move_a_terminal(said, shown):
    assert text.clean(said) == shown


def test_line_ends_stay_where_they_are_asked_for():
    assert text.clean("a\nb", lines=True) == "a\nb"


def test_columns_line_up_also_with_wide_and_combining_letters():
    lines = text.table([("模型", "1"), ("e\u0301x", "22")], ("Name", "Of"), right=(1,))
    assert [text.width(line) for line in lines] == [8, 8, 8]


def test_a_table_that_is_too_wide_gives_in_one_column():
    lines = text.table([("lab1", "A very long title of a lab", "3")], ("Lab", "Title", "Left"), gives=1, columns=24)
    assert lines[1] == "lab1  A very lo...  3" and all(text.width(line) <= 24 for line in lines)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
        (90000, "1 day 1 h"),
        (200000, "2 days 7 h"),
    ],
)
def test_how_long_in_two_units(seconds, words):
    assert text.span(seconds) == words


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(0.992, "share", "99.2 %"), (26371, "bytes", "25.8 KiB"), (81920, "macs", "81 920 MACs"), (0.46912, "ms", "0.469 ms"),
     (6.0921, "mj", "6.09 mJ"), (51165900.2, "inferences", "51 165 900 inferences"), (3, "value", "3 value"), (100 << 20, "bytes", "100 MiB")],
)  # fmt: skip
def test_a_metric_has_its_unit_and_three_digits(value, unit, words):
    assert text.measure(value, unit) == words


# -- console ----------------------------------------------------------------------------------------------------------


def console(encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    return Console(stream, stream), raw


@pytest.mark.parametrize(("encoding", "seen"), [("ascii", b"1x3 Sof?a ...\n"), ("utf-8", "1×3 Sofía …\n".encode())])
def test_a_terminal_without_the_letters_gets_others(encoding, seen):
    shown, raw = console(encoding)
    shown.out("1×3 Sofía …")
    assert raw.getvalue() == seen


def test_json_is_the_same_bytes_everywhere_and_holds_no_escape():
    shown, raw = console("ascii")
    shown.json({"name": "Sofía \x1b[2J\x7f\x9b"})
    assert raw.getvalue() == b'{\n  "name": "Sof\\u00eda \\u001b[2J\\u007f\\u009b"\n}\n'


def test_without_a_terminal_there_is_no_colour_and_no_line_that_is_written_over():
    shown, raw = console("utf-8")
    assert shown.toned("x", "bad") == "x" and not shown.is_live and not shown.can_ask
    Progress(shown, Local(None, "m.onnx", 10, "")).at(5, always=True)
    assert raw.getvalue() == b""


@pytest.mark.parametrize("names", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_stand_on_a_terminal_where_nobody_objects(names, monkeypatch):
    for key, value in names.items():
        monkeypatch.setenv(key, value)
    if not names:
        monkeypatch.setenv("TERM", "xterm")
    shown, _ = console("utf-8")
    shown._out.isatty = lambda: True
    assert (shown.toned("x", "good") == "\x1b[32mx\x1b[0m") == (not names)


def test_progress_says_pace_and_what_is_left():
    now, lines = [0.0], []
    screen = SimpleNamespace(is_live=True, update=lines.append)
    progress = Progress(screen, Local(None, "m\x1b.onnx", 40 << 20, ""), now=lambda: now[0])
    for second in range(5):
        now[0] = float(second)
        progress.at(second * (2 << 20), always=True)
    assert lines[-1] == "m\\x1b.onnx  20 % [#####                   ] 8 MiB of 40 MiB, 2 MiB/s, 16 s left"


# -- sign-in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("https://example.org/courses/demo/?x=1", "https://example.org"),
        ("example.org", "https://example.org"),
        ("localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_any_address_of_a_site_names_its_origin(said, origin):
    assert sign_in.origin_of(said) == origin


@pytest.mark.parametrize(
    ("said", "code"),
    [("http://example.org", "insecure_http"), ("http://127.0.0.1.example.org", "insecure_http"), ("https://user@example.org", "not_a_site"),
     ("ftp://example.org", "not_a_site"), ("https://", "not_a_site"), ("https://x:99999", "not_a_site"), ("https://[::1", "not_a_site")],
)  # fmt: skip
def test_a_token_is_not_sent_just_anywhere(said, code):
    with pytest.raises(WrongUse) as refused:
        sign_in.origin_of(said)
    assert refused.value.code == code
    assert sign_in.origin_of("http://example.org", insecure_http=True) == "http://example.org"


@pytest.mark.parametrize("said", ["mlp_abc", "  mlp_abc\n", "Authorization: Bearer mlp_abc\n", "Bearer mlp_abc"])
def test_a_token_is_read_bare_or_as_the_header_of_curl(said):
    assert sign_in.token_of(said) == "mlp_abc"


@pytest.mark.parametrize("said", ["", "secret", "mlp_ä", "mlp_" + "x" * 300])
def test_what_is_no_token_is_told(said):
    with pytest.raises(WrongUse, match="no access token"):
        sign_in.token_of(said)


def test_the_sign_in_is_for_its_owner_alone_and_is_not_used_else():
    sign_in.keep(sign_in.SignIn("https://example.org", "mlp_x"), "ruth@example.edu")
    path = places.folder() / places.SIGN_IN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sign_in.current() == sign_in.SignIn("https://example.org", "mlp_x")
    path.chmod(0o644)
    with pytest.raises(SignedOut) as refused:
        sign_in.current()
    assert refused.value.code == "open_to_others"


def test_the_environment_comes_before_the_file_and_names_both(monkeypatch):
    sign_in.keep(sign_in.SignIn("https://example.org", "mlp_x"), "ruth@example.edu")
    monkeypatch.setenv("MILLIAMP_TOKEN", "mlp_env")
    with pytest.raises(WrongUse) as refused:
        sign_in.current()
    assert refused.value.code == "no_site"  # a token of the environment never goes to the site of the file
    monkeypatch.setenv("MILLIAMP_SITE", "https://other.example")
    assert sign_in.current() == sign_in.SignIn("https://other.example", "mlp_env")


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"site": 3}'])
def test_a_broken_file_is_nobody_signed_in(content):
    places.folder().mkdir(mode=0o700)
    (places.folder() / places.SIGN_IN).write_text(content)
    with pytest.raises(SignedOut):
        sign_in.current()


# -- costs, parts, names ----------------------------------------------------------------------------------------------


def work(**cost_now):
    due = datetime.now(UTC) - timedelta(hours=1)
    found = {
        "days_late": 0,
        "free_days_used": 0,
        "max_percent": 100.0,
        "accepted": True,
        "bank_left": 3,
        "explanation": ["Because."],
    }
    mine = {"due_at": due.isoformat().replace("+00:00", "Z"), "cost": found | cost_now, "team": None}
    return {"mine": mine, "attempts_left": 3, "attempts_allowed": 5, "short": "Lab 1", "parts": []}


@pytest.mark.parametrize(
    ("cost_now", "words", "asks"),
    [
        ({}, "nothing", False),
        ({"days_late": 1, "free_days_used": 1}, "1 late day", True),
        ({"days_late": 4, "free_days_used": 3, "max_percent": 85.5}, "3 late days, max 85.5 %", True),
        ({"days_late": 9, "accepted": False, "max_percent": 0.0}, "not taken", True),
    ],
)
def test_the_cost_is_said_and_asked_for_where_there_is_one(cost_now, words, asks):
    found = work(**cost_now)
    assert cost.short(found) == words
    assert cost.is_asked(found, with_model=True) == asks
    assert cost.is_asked(found | {"attempts_left": 1}, with_model=True)
    assert cost.is_asked(found | {"attempts_left": 1}, with_model=False) == asks


def test_what_it_costs_stands_in_a_sentence():
    (said,) = cost.sentences(work(days_late=4, free_days_used=3, max_percent=98.0))
    assert said.endswith(
        "It is 4 days late. That costs 3 late days of the 3 that are left, and at most 98 % can be reached."
    )
    assert cost.sentences(work())[0].endswith("It is on time and costs no late days.")
    assert cost.short(work() | {"mine": {"due_at": None, "cost": None}}) == "-"


PARTS = [
    {"key": "paper", "kind": "pdf", "title": "Paper", "is_required": True, "max_bytes": 100},
    {"key": "rows", "kind": "table", "title": "Rows", "is_required": False, "max_bytes": 0},
    {"key": "code", "kind": "link", "title": "Code", "is_required": False, "max_bytes": 0},
    {"key": "who", "kind": "contributions", "title": "Who did what", "is_required": True, "max_bytes": 0},
    {"key": "statement", "kind": "statement", "title": "Statement", "is_required": True, "max_bytes": 0},
    {"key": "model", "kind": "model", "title": "Model", "is_required": True, "max_bytes": 0},
]


def test_each_kind_of_part_is_read_as_what_it_is(tmp_path):
    assignment = work() | {"parts": PARTS}
    (tmp_path / "p.pdf").write_bytes(b"%PDF")
    (tmp_path / "t.csv").write_text("\ufeffa,b\n", encoding="utf-8")
    said = [
        "code=https://example.org/?a=b",
        f"rows={tmp_path}/t.csv",
        "who:ruth@example.edu=data",
        "who:dan@example.edu=all else",
    ]
    found = parts.wanted_parts(assignment, said, f"{tmp_path}/p.pdf", "Nobody.")
    assert [one.key for one in found] == ["paper", "rows", "code", "who", "statement"]
    assert found[0].file.size == 4 and found[1].fields == {"text": "a,b\n"}
    assert found[2].fields == {"text": "https://example.org/?a=b"}
    assert found[3].fields == {"did-ruth@example.edu": "data", "did-dan@example.edu": "all else"}
    assert parts.missing(assignment, found, []) == []
    assert [one["key"] for one in parts.missing(assignment, [], [])] == [
        "paper",
        "statement",
    ]  # alone, nobody asks who did what
    assert [one["key"] for one in parts.missing(assignment, [], [{"part": "paper"}])] == ["statement"]


@pytest.mark.parametrize(
    ("said", "code"),
    [("nothing", "bad_part"), ("=x", "bad_part"), ("film=x", "no_such_part"), ("who=all", "bad_part"), ("paper=/no/such", "no_such_file"),
     ("rows=/no/such", "cannot_read"), ("paper=.", "no_file")],
)  # fmt: skip
def test_a_part_that_cannot_be_sent_is_told_before_anything_is(said, code):
    with pytest.raises(WrongUse) as refused:
        parts.wanted_parts(work() | {"parts": PARTS}, [said], None, None)
    assert refused.value.code == code


def test_a_file_is_looked_at_before_it_is_sent(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(b"x" * 11)
    for name, code in (("empty", "empty_file"), ("large", "too_large")):
        with pytest.raises(WrongUse) as refused:
            look_at(str(tmp_path / name), most_bytes=10)
        assert refused.value.code == code
    assert look_at(str(tmp_path / "large")).sha256.startswith("7668d2cd")


def test_a_name_of_the_file_that_is_no_text_is_sent_as_one(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.onnx"
    with open(path, "wb") as file:
        file.write(b"x")
    assert look_at(os.fsdecode(path)).name == "\ufffd.onnx"


@pytest.mark.parametrize(
    ("said", "name"),
    [("model.onnx", "model.onnx"), ("../../.bashrc", "bashrc"), ("a\\b.onnx", "b.onnx"), ("nul", "_nul"), ("COM1.onnx", "_COM1.onnx"),
     ("x\x1b[2J", "x_[2J"), ("a\u202eb.onnx", "a_u202eb.onnx"), ("..", "file"), ('a"b?.onnx', "a_b_.onnx")],
)  # fmt: skip
def test_a_download_gets_a_name_that_leads_nowhere_else(said, name):
    assert file_name(said) == name


def test_a_form_holds_names_that_cannot_break_out_of_it():
    body = multipart("b", {"upload_key": "1"}, {"model": ('m"\r\n.onnx', b"\x00\xff")})
    assert body == (
        b'--b\r\nContent-Disposition: form-data; name="upload_key"\r\n\r\n1\r\n'
        b'--b\r\nContent-Disposition: form-data; name="model"; filename="m%22%0D%0A.onnx"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\x00\xff\r\n--b--\r\n"
    )


def test_what_was_begun_keeps_its_key_until_it_is_done():
    about = {"site": "s", "person": "p", "purpose": "hand_in", "target": "demo/lab1", "sha256": "00"}
    first = unfinished.Begun(**about)
    first.keep("upload")
    again = unfinished.Begun(**about)
    assert (again.upload_key, again.upload_id) == (first.upload_key, "upload")
    assert unfinished.Begun(**about | {"person": "q"}).upload_key != first.upload_key
    again.done()
    assert unfinished.Begun(**about).upload_key != first.upload_key


def test_what_is_older_than_the_site_keeps_it_is_begun_anew_and_forgotten():
    about = {"site": "s", "person": "p", "purpose": "hand_in", "target": "demo/lab1", "sha256": "00"}
    first = unfinished.Begun(**about)
    first.keep("upload")
    places.write(first.name, places.read(first.name) | {"begun_at": 0})
    assert unfinished.Begun(**about).upload_id == ""
    path = places.folder() / first.name
    os.utime(path, (0, 0))
    unfinished.tidy()
    assert not path.exists()


def test_a_run_that_waits_says_its_place_and_its_range():
    wait = {
        "title": "3rd in line",
        "sentence": "x",
        "starts_in": {"low_s": 20, "high_s": 40},
        "ends_in": {"low_s": 50, "high_s": 130},
    }
    run = {"status": "queued", "wait": wait, "progress": {"total": 0, "done": 0}}
    assert progress_words(run) == "3rd in line; starts in 20 to 40 s; result in 50 s to 2 min"
    held = {"title": "Measuring stands still", "sentence": "Our worker is away.", "starts_in": None, "ends_in": None}
    assert progress_words(run | {"wait": held}) == "Measuring stands still; Our worker is away."


# -- completion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["la"], ["labs", "late-days"]),
        ([], None),
        (["submit", ""], ["lab1", "lab2", "other1"]),
        (["submit", "--course", "other", "l"], []),
        (["submit", "--course", "other", "o"], ["other1"]),
        (["submit", "--course", "d"], ["demo"]),
        (["submit", "lab1", "mod"], []),
        (["submit", "--report", "r.pdf", "lab"], ["lab1", "lab2"]),
        (["submit", "lab1", "--wa"], ["--watch"]),
        (["status", "lab"], ["lab1", "lab2"]),
        (["results", "--attempt", ""], []),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_words_are_completed_from_what_was_listed(words, found):
    places.names_keep("demo", ["lab1", "lab2"], ["demo", "other"])
    places.names_keep("other", ["other1"])
    seen = completion.candidates(build(), words)
    assert seen == found if found is not None else {"submit", "--help"} <= set(seen)
