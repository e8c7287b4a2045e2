"""What can be said on the command line. Each command names the function that carries it out, which is imported when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from courseplatform.cli.client.built import VERSION
from courseplatform.cli.client.completion import SHELLS
from courseplatform.cli.client.words import CODES

Add = Callable[[argparse.ArgumentParser], None]
ENDS = "exit codes:\n" + "\n".join(f"  {code:<4} {said}" for code, said in CODES)
EXAMPLES = """examples:
  milliamp login https://example.org
  milliamp labs
  milliamp submit lab1 model.onnx --report report.pdf --watch
  milliamp results lab1 --json
"""
LAB = "a lab of `milliamp labs`, or COURSE/LAB"
LAB_OR_KEY = f"{LAB}; or the key of a run or a hand-in"


def build() -> argparse.ArgumentParser:
    """The whole of it."""
    parser = argparse.ArgumentParser(
        prog="milliamp", description="Hand in models, follow their runs and read results.",
        epilog=f"{EXAMPLES}\n{ENDS}", formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"milliamp {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    common = _common()
    for name, does, said, add in COMMANDS:
        one = commands.add_parser(name, help=said, description=f"{said[0].upper()}{said[1:]}.", parents=[common])
        one.set_defaults(does=does)
        add(one)
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--course", metavar="COURSE", help="which course; else the one that was chosen, or the only one"
    )
    common.add_argument("--json", action="store_true", help="the document of the API on standard output, errors too")
    common.add_argument(
        "--insecure-http", action="store_true", help="allow a site without TLS, in a closed network alone"
    )
    return common


def _nothing(_: argparse.ArgumentParser) -> None:
    pass


def _login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", nargs="?", metavar="SITE", help="https://example.org; else the one from before")
    parser.add_argument("--token-file", metavar="FILE", help="the token stands in this file; - is standard input")


def _courses(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--use", metavar="COURSE", help="choose the course of later commands")


def _labs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="also what is not handed in here")


def _submit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", metavar="LAB", help=LAB)
    parser.add_argument("model", nargs="?", metavar="MODEL", help="the model file; left out: parts alone")
    parser.add_argument("--report", metavar="FILE", help="the report, a PDF")
    parser.add_argument(
        "--part", action="append", default=[], metavar="NAME=VALUE",
        help="another part: a file, a text, a link; @FILE is the text in it. Who did what: NAME:E-MAIL=TEXT",
    )  # fmt: skip
    parser.add_argument(
        "--statement", "--note", metavar="TEXT", help="the collaboration statement, where one is asked for"
    )
    parser.add_argument("--watch", action="store_true", help="follow the run and print its result")
    parser.add_argument("--yes", "-y", action="store_true", help="hand in whatever it costs, without asking")


def _attempt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "lab", nargs="?", metavar="LAB", help=f"{LAB_OR_KEY}; else the lab of the last hand-in from here"
    )
    parser.add_argument("--attempt", type=int, metavar="N", help="the attempt; else the newest")


def _status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help=f"{LAB_OR_KEY}; left out: all labs with a hand-in")
    parser.add_argument("--attempt", type=int, metavar="N", help="the attempt; else the newest")
    parser.add_argument("--watch", action="store_true", help="follow the run to its result")


def _download(parser: argparse.ArgumentParser) -> None:
    _attempt(parser)
    parser.add_argument("--part", metavar="NAME", help="a part in place of the model")
    parser.add_argument("--output", "-o", metavar="FILE", help="where to put it; else its own name, here")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def _open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", metavar="LAB", help=LAB)


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="whose script")


COMMANDS: tuple[tuple[str, str, str, Add], ...] = (
    ("login", "account:login", "sign in with an access token", _login),
    ("logout", "account:logout", "forget the token on this machine", _nothing),
    ("whoami", "account:whoami", "say who is signed in, and what the token may do", _nothing),
    ("courses", "labs:courses", "list your courses, and choose one", _courses),
    ("labs", "labs:labs", "list the labs: due times, what handing in costs now, attempts left, state", _labs),
    ("submit", "submit:run", "hand in a model, parts, or both", _submit),
    ("status", "watch:run", "say where a run is, and follow it", _status),
    ("results", "results:run", "show points and metrics of a run", _attempt),
    ("receipt", "receipts:run", "show the signed receipt of a hand-in", _attempt),
    ("download", "download:run", "fetch what was handed in", _download),
    ("grades", "grades:grades", "show your course grade as far as it is released", _nothing),
    ("late-days", "grades:late_days", "show your late days, line by line", _nothing),
    ("open", "labs:address", "print the address of a lab's page", _open),
    ("completion", "completion:run", "print the script that completes words in a shell", _completion),
    ("version", "account:version", "print the version, and say where the site serves another one", _nothing),
)
