"""Completion of words: a script for each shell, and what they ask. Names of labs come from what was listed last; no site is asked."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from courseplatform.cli.client import places

SHELLS = ("bash", "zsh", "fish")
ASK = "__complete"
SCRIPTS = {
    "bash": """# milliamp: completion for bash. In ~/.bashrc: source <(milliamp completion bash)
_milliamp() {
    local IFS=$'\\n'
    COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _milliamp milliamp
""",
    "zsh": """#compdef milliamp
# milliamp: completion for zsh. In ~/.zshrc, after compinit: source <(milliamp completion zsh)
_milliamp() {
    local -a found
    found=("${(@f)$("${words[1]}" __complete "${(@)words[2,$CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _milliamp milliamp
""",
    "fish": """# milliamp: completion for fish. milliamp completion fish > ~/.config/fish/completions/milliamp.fish
function __milliamp_words
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c milliamp -a '(__milliamp_words)'
""",
}


def run(session: Any) -> int:
    """`completion SHELL`."""
    session.console.out(SCRIPTS[session.options.shell].rstrip("\n"))
    return 0


def candidates(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """What may stand in place of the last of `words`, which come after the name of the program."""
    *before, begun = words or [""]
    commands = next(one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    chosen = next((word for word in before if word in commands.choices), None)
    if chosen is None:
        return _starting([*commands.choices, "--help", "--version"], begun)
    command: argparse.ArgumentParser = commands.choices[chosen]
    actions = command._actions
    after = before[before.index(chosen) + 1 :]
    taking = next((one for one in actions if after and after[-1] in one.option_strings and one.nargs != 0), None)
    if taking is not None:
        return _starting(_values(taking, before), begun)
    if begun.startswith("-"):
        return _starting([name for one in actions for name in one.option_strings if name.startswith("--")], begun)
    placed = [one for one in actions if not one.option_strings]
    given = len(_plain(after, actions))
    return _starting(_values(placed[given], before), begun) if given < len(placed) else []


def _plain(words: Sequence[str], actions: Sequence[argparse.Action]) -> list[str]:
    """Of the words those that are neither options nor their values."""
    valued = {name for one in actions if one.nargs != 0 for name in one.option_strings}
    return [
        word
        for n, word in enumerate(words)
        if not word.startswith("-") and not (n and words[n - 1] in valued)
    ]  # fmt: skip


def _values(action: argparse.Action, before: Sequence[str]) -> list[str]:
    known = places.read(places.NAMES)
    if action.metavar == "COURSE":
        return [str(one) for one in known.get("courses", [])]
    if action.dest == "lab":
        labs: dict[str, list[str]] = known.get("labs", {})
        said = (
            before[before.index("--course") + 1] if "--course" in before[:-1] else os.environ.get("MILLIAMP_COURSE", "")
        )
        return [str(lab) for course, names in labs.items() if said in ("", course) for lab in names]
    return [str(one) for one in action.choices or ()]


def _starting(words: Sequence[str], begun: str) -> list[str]:
    return sorted({word for word in words if word.startswith(begun)})
