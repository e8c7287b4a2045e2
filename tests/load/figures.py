"""Each figure is printed, and written as a section of docs/figures.md: with machine, date, commit, command and seconds.

A script says `sys.exit(figure(main))` and prints by `table` and `say`. From its beginning until its end its section says that it is not there,
so that a script that was killed leaves no old figures behind. Other processes of a script write into the same section.

    python -m tests.load.figures [NAME ...] [--from NAME] [--small]        make figures [ONLY=NAME,NAME] [FROM=NAME] [SMALL=1]
"""

import argparse
import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load.figures_list import FIGURES, Listed
from tests.load.figures_machine import commit, machine
from tests.parts import ROOT

_ELSEWHERE = os.environ.get(
    "MILLIAMP_FIGURES"
)  # while something is only tried; empty: nothing is written, as in the tests
PAGE = ROOT / "docs" / "figures.md" if _ELSEWHERE is None else Path(_ELSEWHERE or os.devnull)
RECORD = "MILLIAMP_FIGURE"  # the file into which this script, and each process that it starts, notes what it prints
WHOLE, SMALL, FAILED, NOT_SHOWN = "whole form", "small form", "failed", "not shown"
FACTS = re.compile(r"^\*\*(.+?)\*\*, (\d{4}-\d\d-\d\d \d\d:\d\d) UTC, ([\d,]+) s", re.MULTILINE)
COLUMN = re.compile(r"([<>]?)(\d*)(.*)")
MARKS = re.compile(r"[\\`*_\[\]<>~|$&#]")
OF_THIS_MACHINE = re.compile(r"(?<![\w.])/(?:tmp|home|work|root|var)/[^\s'\",;)]*")
HEAD = """# Figures

What was measured and proved, by the scripts that did it (`make figures`). Each section is written whole by its script; a script that failed or
was stopped says so here. *Whole form*: as `make figures` runs it. *Small form*: fewer, shorter or smaller, as its command line says.
"""


def say(words: object = "") -> None:
    """Print, and write below: a line as a paragraph, more of them as they stand."""
    print(words, flush=True)
    if str(words).strip():
        _note("said", str(words).strip("\n"))


def table(*heads: str) -> Callable[..., None]:
    """Print the head of a table now, and each row when the function that is returned is called with its cells.

    A head is `name` or `name|<20`, `name|.1f`, `name|12,.0f`: side, width and format of its column. The first column stands left, others right.
    """
    columns = []
    for place, head in enumerate(heads):
        name, _, spec = head.partition("|")
        side, width, form = COLUMN.fullmatch(spec).groups()  # type: ignore[union-attr]
        columns.append((name, side or ("<" if place == 0 else ">"), max(int(width or 0), len(name)), form))
    _note("table", [[name, side] for name, side, _, _ in columns])

    def printed(cells: list[str]) -> None:
        line = "  ".join(f"{cell:{side}{width}}" for cell, (_, side, width, _) in zip(cells, columns, strict=True))
        print(line.rstrip(), flush=True)

    def row(*cells: object) -> None:
        shown = [_cell(cell, form) for cell, (_, _, _, form) in zip(cells, columns, strict=True)]
        printed(shown)
        _note("row", shown)

    printed([name for name, *_ in columns])
    return row


def numbers(*usual: int) -> list[int]:
    """The whole numbers on the command line, in order; the usual ones in place of those that are not there."""
    given = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    return given + list(usual[len(given) :])


def words(*usual: str) -> list[str]:
    """What is neither a number nor an option on the command line, or else the usual words."""
    return [word for word in sys.argv[1:] if not word.isdecimal() and not word.startswith("-")] or list(usual)


def not_shown(why: str) -> int:
    """Say that this machine cannot show it. Returns 0: it is no failure."""
    print(f"not shown: {why}", flush=True)
    _note("not shown", why)
    return 0


def figure(main: Callable[[], int | None]) -> int:
    """Run the `main` of a script and write its section. Returns its exit code; what it raises is raised again."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was begun is ended then too
    listed = FIGURES[Path(main.__globals__["__file__"]).stem]
    about = re.split(r"(?<=[.?])\s", " ".join(main.__globals__["__doc__"].split()), maxsplit=1)[0]
    return recorded(main, listed, _Begun(about, ["-m", f"tests.load.{listed.name}", *sys.argv[1:]], listed))


def recorded(act: Callable[[], int | None], listed: Listed, begun: "_Begun") -> int:
    if _ELSEWHERE == "":
        return int(act() or 0)
    before = _sections()
    _write(listed, begun.section(FAILED, "It was begun, and has not come to its end."))
    with tempfile.NamedTemporaryFile("r", prefix="milliamp-figure-", suffix=".jsonl") as record:
        os.environ[RECORD] = record.name
        status, why, code, wants_words = "", "", 1, False
        try:
            code = int(act() or 0)
            status, why = ("", "") if code == 0 else (FAILED, f"Exit status {code}.")
        except SystemExit as error:
            code = int(error.code) if isinstance(error.code, int) else int(error.code is not None)
            status, why = (FAILED, f"Exit status {code}.") if code else ("", "")
            wants_words = code in (0, 2)
            raise
        except BaseException as error:
            status, why = FAILED, f"{type(error).__name__}: {error}"[:300]
            raise
        finally:
            del os.environ[RECORD]
            notes = [json.loads(line) for line in record]
            was_asked_for_help = wants_words and not notes
            _write(listed, before.get(listed.title, "") if was_asked_for_help else begun.section(status, why, notes))
    return code


class _Begun:
    """What is known when a script begins."""

    def __init__(self, about: str, words: list[str], listed: Listed) -> None:
        self.about = about
        self.form = (
            WHOLE if words == listed.words(small=False) and not listed.env.items() - os.environ.items() else SMALL
        )
        variables = [f"{name}={os.environ[name]}" for name in listed.env if name in os.environ]
        shown = [Path(word).name if word.startswith("/") else shlex.quote(word) for word in words]
        self.command = " ".join([*variables, "python", *shown])
        self.at, self.clock, self.commit, self.machine = datetime.now(UTC), time.monotonic(), commit(), machine()

    def section(self, status: str, why: str, notes: list[list[Any]] | None = None) -> str:
        missing = [what for kind, what in notes or [] if kind == "not shown"]
        status = status or (NOT_SHOWN if missing else self.form)
        of = f" ({self.form})" if status == FAILED else ""
        facts = f"**{status}{of}**, {self.at:%Y-%m-%d %H:%M} UTC, {time.monotonic() - self.clock:,.0f} s, commit {self.commit}: `{self.command}`"
        why = _plain("; ".join([why, *missing] if why else missing))
        return "\n\n".join(filter(None, [self.about, f"{facts}\n\n{self.machine}", why, _shown(notes or [])]))


def _cell(cell: object, form: str) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else format(cell, form)


def _note(kind: str, what: Any) -> None:
    if RECORD in os.environ:
        with Path(os.environ[RECORD]).open("a", encoding="utf-8") as record:
            record.write(json.dumps([kind, what]) + "\n")


def _plain(text: str) -> str:
    """Without paths of this machine, and without marks of Markdown."""
    return MARKS.sub(r"\\\g<0>", _without_paths(text))


def _without_paths(text: str) -> str:
    return OF_THIS_MACHINE.sub("…", text.replace(f"{ROOT}/", ""))


def _shown(notes: list[list[Any]]) -> str:
    """Paragraphs and tables in the order in which they were printed."""
    found: list[str] = []
    for kind, what in notes:
        if kind == "said" and "\n" in what:
            text = "\n".join(line.rstrip() for line in _without_paths(what).split("\n")).replace("```", "'''")
            found.append("```text\n" + re.sub(r"^## ", " ## ", text, flags=re.MULTILINE) + "\n```")
        elif kind == "said":
            found.append(_plain(what.strip()))
        elif kind == "table":
            sides = ["--:" if side == ">" else ":--" for _, side in what]
            found.append(f"{_row([name for name, _ in what])}\n{_row(sides, plain=False)}")
        elif kind == "row":
            found[-1 if found[-1].startswith("|") else len(found) - 1 - _back(found)] += f"\n{_row(what)}"
    return "\n\n".join(found)


def _back(found: list[str]) -> int:
    """How far behind the last table is: what is said between two rows stands after the table."""
    return next(n for n, text in enumerate(reversed(found)) if text.startswith("|"))


def _row(cells: list[str], *, plain: bool = True) -> str:
    return "| " + " | ".join(_plain(" ".join(cell.split())) if plain else cell for cell in cells) + " |"


def _sections() -> dict[str, str]:
    """By title, what stands on the page now."""
    _, *parts = re.split(r"^## (.+)\n", PAGE.read_text(encoding="utf-8") if PAGE.exists() else "", flags=re.MULTILINE)
    return {title: text.strip() for title, text in zip(parts[::2], parts[1::2], strict=True)}


def _write(listed: Listed, section: str) -> None:
    """Put one section where it belongs. Others may write at the same time: each reads and writes behind one lock, and readers see whole pages."""
    folder = os.open(PAGE.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        found = _sections() | {listed.title: section}
        kept = {one.title: found[one.title] for one in FIGURES.values() if found.get(one.title)}
        new = PAGE.with_name(f".figures-{os.getpid()}.tmp")
        new.write_text(
            f"{HEAD}\n{summary(kept)}\n" + "".join(f"\n## {title}\n\n{text}\n" for title, text in kept.items())
        )
        new.replace(PAGE)
    finally:
        os.close(folder)


def facts_of(section: str) -> tuple[str, str, str]:
    """(how it ended, when, seconds) of a section."""
    found = FACTS.search(section)
    return (found[1], found[2], found[3]) if found else ("", "", "")


def summary(sections: dict[str, str]) -> str:
    """A line for each figure, also for one that has no section."""
    lines = ["| Figure | What ran | At, UTC | Seconds |", "| :-- | :-- | :-- | --: |"]
    for one in FIGURES.values():
        ended, at, seconds = facts_of(sections.get(one.title, ""))
        lines.append(f"| {one.title} | {ended or 'nothing yet'} | {at} | {seconds} |")
    return "\n".join(lines)


def proofs(lines: list[dict[str, Any]]) -> str:
    """For the closing table of `make test`: how each proof ended there in its small form, and what docs/figures.md has of it. lines: of tests/run.py."""
    found, rows = _sections(), [("figure", "in small, here", "on docs/figures.md", "at, UTC")]
    for one in FIGURES.values():
        if one.reduced:
            outcomes = Counter(line["outcome"] for line in lines if line["test"].startswith(f"tests/{one.reduced}"))
            told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            rows.append(
                (
                    one.title,
                    told or "not played",
                    *[word or "nothing yet" for word in facts_of(found.get(one.title, ""))[:2]],
                )
            )
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def run(listed: Listed, *, small: bool) -> int:
    """One figure in a process of its own."""
    words = listed.words(small=small)
    if not listed.command:
        return subprocess.run([sys.executable, *words], cwd=ROOT, check=False).returncode
    os.environ |= {} if small else listed.env
    try:
        return recorded(lambda: _command(words, listed.keep), listed, _Begun(listed.about, words, listed))
    finally:
        for name in listed.env:
            os.environ.pop(name, None)


def _command(words: list[str], keep: str) -> int:
    """A program that knows nothing of this page: its lines are printed, and those that it is about are written."""
    words, kept = [word.replace("{python}", sys.executable) for word in words], []
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        text=True,
        stdout=subprocess.PIPE,
    ) as child:
        for line in child.stdout or ():
            print(line, end="", flush=True)
            if re.search(keep, line):
                kept.append(line.rstrip().lstrip("."))  # the dots of pytest
    if kept:
        nothing_ran = child.returncode == 0 and all(re.match(r"\d+ skipped", line) for line in kept)
        _note("not shown" if nothing_ran else "said", "\n".join(kept))
    return child.returncode


def main() -> int:
    wanted = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    wanted.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(FIGURES)}")
    wanted.add_argument("--from", dest="begin", default="", metavar="NAME", help="this one and all after it")
    wanted.add_argument("--small", action="store_true", help="each in its small form")
    asked = wanted.parse_args()
    if unknown := {*asked.names, asked.begin} - FIGURES.keys() - {""}:
        wanted.error(f"There is no figure {', '.join(sorted(unknown))}.")
    names = asked.names or list(FIGURES)[list(FIGURES).index(asked.begin) if asked.begin else 0 :]
    failed, begun = [], time.monotonic()
    for name in names:
        print(f"\n== {FIGURES[name].title} ({name}), after {time.monotonic() - begun:.0f} s", flush=True)
        try:
            failed += [name] * bool(run(FIGURES[name], small=asked.small))
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
            failed.append(name)
    print(f"\n{summary(_sections())}\n\n{len(names) - len(failed)} of {len(names)} came to a good end", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}. Again with: make figures ONLY={','.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
