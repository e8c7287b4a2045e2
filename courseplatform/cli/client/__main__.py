"""milliamp: the command line for students and scripts. Python 3.9 to 3.13, standard library only."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence

from courseplatform.cli.client.completion import ASK, candidates
from courseplatform.cli.client.console import Console
from courseplatform.cli.client.parser import build
from courseplatform.cli.client.session import Session
from courseplatform.cli.client.words import INTERRUPTED, REFUSED, USAGE, Stop

ODD = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def main(said: Sequence[str] | None = None) -> int:
    """The exit code."""
    words = list(sys.argv[1:] if said is None else said)
    console = Console()
    if words[:1] == [ASK]:
        console.lines(candidates(build(), words[1:]))
        return 0
    options = build().parse_args(words)  # ends the program with 2 where the words are wrong
    try:
        return _command(options.does)(Session(options, console))
    except Stop as stop:
        if options.json:
            console.settle()
            console.json(stop.document())
        else:
            console.fault(stop.sentence, stop.code)
        return stop.exit_code
    except (KeyboardInterrupt, EOFError):
        console.say("\nInterrupted. What was sent is kept and what is measured goes on; say the same again.")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read this has heard enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        console.fault(str(error), "system")
        return USAGE
    except ODD as error:
        if os.environ.get("MILLIAMP_DEBUG"):
            raise
        said_of_it = f"{type(error).__name__}: {error}"
        console.fault(
            f"The site's answer was not understood ({said_of_it}). milliamp version says whether there is a newer one.",
            "not_understood",
        )
        return REFUSED


def _command(does: str) -> Callable[[Session], int]:
    module, _, name = does.partition(":")
    found: Callable[[Session], int] = getattr(importlib.import_module(f"courseplatform.cli.client.{module}"), name)
    return found


if __name__ == "__main__":
    sys.exit(main())
