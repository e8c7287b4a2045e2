"""One bad file, and what is the same in every format: cuts, flipped bits, and pickles that would run something."""

import pickle
import random
from collections.abc import Iterator
from dataclasses import dataclass

# Where something that runs outside the sandbox would leave its trace: looked for after every run.
MARKER_FOLDERS = ("/tmp", "/dev/shm", "/var/tmp")
MARKER = "milliamp-marker"
TOUCH = f"touch {' '.join(f'{folder}/{MARKER}' for folder in MARKER_FOLDERS)}"


@dataclass(frozen=True)
class Case:
    """A file that should not be measured.

    codes: those that name the fault; empty where any will do. may_run: changed bytes can also leave a model that is
    in order, and some habits are measured with a finding; then a measurement is an answer too.
    """

    name: str
    content: bytes
    why: str
    codes: tuple[str, ...] = ()
    may_run: bool = False


def cuts(stem: str, ending: str, whole: bytes, places: dict[str, int]) -> Iterator[Case]:
    """The file ends at each of these places (bytes from its start)."""
    for word, place in places.items():
        yield Case(f"{stem}-cut-{word}.{ending}", whole[:place], f"cut off {word.replace('-', ' ')}")


def flips(stem: str, ending: str, whole: bytes, count: int, seed: int = 15) -> Iterator[Case]:
    """One to four bits turned at places that the seed chooses."""
    chance = random.Random(seed)
    for number in range(count):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        yield Case(f"{stem}-flip-{number:02}.{ending}", bytes(content), "a few bits turned", may_run=True)


class Runs:
    """Unpickled by Python, it runs a shell."""

    def __reduce__(self):
        import os

        return os.system, (TOUCH,)


def calls() -> dict[str, bytes]:
    """Pickles that run a shell when Python reads them, one for each way in which a pickle calls."""
    return {
        "reduce": pickle.dumps(Runs(), 2),
        "stack-global": pickle.dumps(Runs(), 4),
        "inst": f"(S'{TOUCH}'\nios\nsystem\n.".encode(),
        "obj": b"\x80\x02(cos\nsystem\n" + text(TOUCH) + b"o.",
        "newobj": b"\x80\x02csubprocess\nPopen\n(" + text("touch") + text(f"/tmp/{MARKER}") + b"l\x85\x81.",
        "eval": b"\x80\x02cbuiltins\neval\n" + text(f"__import__('os').system('{TOUCH}')") + b"\x85R.",
        "behind-honest": b"\x80\x02}" + text("w") + b"K\x01s0cposix\nsystem\n" + text(TOUCH) + b"\x85R.",
        "resolve": b"\x80\x02cpkgutil\nresolve_name\n" + text("os:system") + b"\x85R" + text(TOUCH) + b"\x85R.",
    }


def text(value: str) -> bytes:
    """A string as the pickle opcode BINUNICODE."""
    content = value.encode()
    return b"X" + len(content).to_bytes(4, "little") + content
