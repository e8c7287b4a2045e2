"""Which parts of this machine a sandbox sees: Python, system libraries, and the few files of ours that run inside."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
# Inside, our code is at a place of its own; nothing else of the project is there.
APP = Path("/app")
# On a board there is only the first of these two.
CODE = tuple(code for code in (Path("hardware/ondevice"), Path("grading/bench")) if (PROJECT / code).is_dir())
INPUTS_INSIDE = Path("/in")
TMP_INSIDE = Path("/scratch")
NOBODY = 65534

SYSTEM_FOLDERS = tuple(Path(name) for name in ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin"))
# The CPU's own description: without it the runtimes guess at cores and instruction sets. Debian keeps choices of BLAS
# below /etc/alternatives.
SYSTEM_FILES = tuple(
    Path(name) for name in ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives", "/sys/devices/system/cpu")
)
DEVICES = tuple(Path("/dev") / name for name in ("null", "zero", "random", "urandom"))


@dataclass(frozen=True)
class Bind:
    """Show ``source`` of the host, read only, at ``target``; without a source, hide what lies there."""

    source: Path | None
    target: Path


@dataclass(frozen=True)
class Layout:
    """Binds in the order in which they must be made (parents first) and the symbolic links of a merged /usr."""

    binds: tuple[Bind, ...]
    links: tuple[tuple[str, Path], ...]

    def folders(self) -> list[Path]:
        """All folders above the targets, parents first, so that they can be made readable for everybody."""
        above = {parent for bind in self.binds for parent in bind.target.parents if parent != Path("/")}
        return sorted(above, key=lambda path: len(path.parts))


def python_folders() -> list[Path]:
    """The installation Python runs from and the virtual environment around it, where they are apart."""
    return [Path(prefix).absolute() for prefix in dict.fromkeys((sys.base_prefix, sys.prefix, sys.exec_prefix))]


def build(inputs: dict[str, Path], later: Path | None = None) -> Layout:
    """The layout for a run with the given files (plain name to host path), or with whatever the folder ``later`` will hold."""
    binds: list[Bind] = []
    links: list[tuple[str, Path]] = []
    for folder in SYSTEM_FOLDERS:
        if folder.is_symlink():
            links.append((os.readlink(folder), folder))
        elif folder.is_dir():
            binds.append(Bind(folder, folder))
    binds += [Bind(path, path) for path in SYSTEM_FILES if path.exists()]
    binds += [Bind(path.resolve(), path) for path in python_folders() if not _below(path, binds)]
    if _below(PROJECT, binds):
        # A project below /usr (as in many images) would come along with its data: hide it, then show Python again.
        binds.append(Bind(None, PROJECT))
        binds += [Bind(path.resolve(), path) for path in python_folders() if path.is_relative_to(PROJECT)]
    ordered = sorted(dict.fromkeys(binds), key=lambda bind: len(bind.target.parts))
    ordered += [Bind(PROJECT / code, APP / code) for code in CODE]
    ordered += [Bind(path.resolve(), INPUTS_INSIDE / name) for name, path in inputs.items()]
    ordered += [Bind(later.resolve(), INPUTS_INSIDE)] if later else []
    return Layout(tuple(ordered), tuple(links))


def needs_root_to_read(files: Iterable[Path]) -> bool:
    """Whether we are root, and a user without rights could not read Python, our code or ``files``."""
    if os.geteuid() != 0:
        return False
    paths = [*python_folders(), *(PROJECT / code for code in CODE)]
    folders = {folder for path in paths for folder in (path, *path.parents, path.resolve(), *path.resolve().parents)}
    reachable = all(folder.stat().st_mode & 0o001 for folder in folders)
    return not reachable or not all(path.stat().st_mode & 0o004 for path in files)


def put(source: Path, target: Path) -> None:
    """Lay a file where the user without rights reads it: a second name of it where that is ourselves, else a copy."""
    if os.geteuid() != 0:
        with contextlib.suppress(OSError):  # on another disk
            os.link(source.resolve(), target)
            return
    shutil.copyfile(source, target)
    give(target, 0o440)


def give(target: Path, mode: int) -> None:
    """To the user without rights by its group, and to nobody else. Where we are not root, that user is ourselves."""
    if os.geteuid() == 0:
        os.chown(target, -1, NOBODY)
    target.chmod(mode)


def _below(path: Path, binds: list[Bind]) -> bool:
    return any(bind.source is not None and path.is_relative_to(bind.target) for bind in binds)


def environment(python_path: Path, tmp: Path, extra: dict[str, str]) -> dict[str, str]:
    """The whole environment inside: nothing of the parent's gets in but what a request names."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp),
        "TMPDIR": str(tmp),
        "TORCHINDUCTOR_CACHE_DIR": str(tmp),  # it makes this folder even where nothing is compiled
        # ONNX Runtime would start threads that try to report home, and wait for them half a minute when it ends.
        "ORT_DISABLE_TELEMETRY": "1",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(python_path),
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        # One thread unless the harness asks for more, and one heap arena: neither time nor memory should depend on
        # the host.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        **extra,
    }
