"""Fetch what was handed in, byte for byte, and compare its hash."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from courseplatform.cli.client.session import Session
from courseplatform.cli.client.text import clean, size
from courseplatform.cli.client.words import DONE, Refused, WrongUse

UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps for itself


def run(session: Session) -> int:
    """`download [LAB] [--attempt N] [--part NAME] [-o FILE]`."""
    hand_in = session.hand_in()
    found, address = _wanted(hand_in, session.options.part)
    target = (
        Path(session.options.output).expanduser() if session.options.output else Path(file_name(found["file_name"]))
    )
    if target.is_dir():
        target = target / file_name(found["file_name"])
    if target.exists() and not session.options.force:
        raise WrongUse(f"{target} is there already. Name another with --output, or say --force.", "file_exists")
    digest = hashlib.sha256()
    many = session.line.save(*address, target=target, see=digest.update)
    if digest.hexdigest() != found["sha256"]:
        target.unlink()
        raise Refused("What came is not what was handed in; nothing was kept. Say it again.", "hash_differs", 200)
    if session.options.json:
        session.console.json({"file": str(target), "bytes": many, "sha256": found["sha256"]})
    else:
        session.console.out(f"{clean(target)}  {size(many)}  SHA-256 {found['sha256']}")
    return DONE


def _wanted(hand_in: dict[str, Any], part: str | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What is meant, and below which address it lies."""
    if part:
        for one in hand_in["parts"]:
            if one["part"] == part and one["file_name"]:
                return one, ("pieces", one["id"], "file")
        raise WrongUse(f"No file {clean(part)} came with attempt {hand_in['number']}.", "no_such_part")
    if not hand_in["sha256"]:
        raise WrongUse(f"No model came with attempt {hand_in['number']}. A part: --part NAME", "no_model")
    return hand_in, ("submissions", hand_in["id"], "file")


def file_name(said: str) -> str:
    """The last part of a path, as a name that this machine can have and that hides nothing."""
    last = UNFIT.sub("_", re.split(r"[/\\]", said)[-1])
    safe = UNFIT.sub("_", clean(last)).strip(" .")[:200]
    return f"_{safe}" if DEVICES.fullmatch(safe) else safe or "file"
