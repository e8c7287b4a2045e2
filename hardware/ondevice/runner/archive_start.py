"""The first thing that runs in milliamp-runner.pyz: unpack the code once, and start the agent from there.

The sandbox shows a model's process our code as files, which it cannot do out of a zip. Written so that every Python 3
can read it and say that it is too old.
"""

import sys

if sys.version_info < (3, 9):
    sys.exit("milliamp-runner needs Python 3.9 or later. This is " + sys.version.split()[0] + ".")

import hashlib
import os
import shutil
import tempfile
import zipfile

HASH = ''  # fmt: skip
CACHE_VARIABLE = "MILLIAMP_RUNNER_CACHE"


def place() -> str:
    """A folder that is named by what is in it. Not in the agent's own, which nobody else may look into."""
    home = "/var/cache" if os.geteuid() == 0 else os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(os.environ.get(CACHE_VARIABLE) or os.path.join(home, "milliamp-runner"), HASH)


def is_whole(folder: str) -> bool:
    """Whether the code there is ours, byte for byte: a loss of power may have cut it, and others may not write to it."""
    package, found = os.path.join(folder, "hardware", "ondevice"), []
    if not os.path.isdir(package) or os.stat(folder).st_uid != os.geteuid() or os.stat(folder).st_mode & 0o022:
        return False
    for above, _, names in os.walk(package):
        found += [os.path.relpath(os.path.join(above, name), package) for name in names if name.endswith(".py")]
    digest = hashlib.sha256()
    for name in sorted(found):
        with open(os.path.join(package, name), "rb") as file:
            content = file.read()
        digest.update("{} {}\n".format(name, len(content)).encode())
        digest.update(content)
    return digest.hexdigest() == HASH


def unpack(archive: str, folder: str) -> None:
    """Put the code into ``folder``, whole or not at all; two that do it at once both end well."""
    above = os.path.dirname(folder)
    before = os.umask(0o022)
    try:
        os.makedirs(above, exist_ok=True)
        made = tempfile.mkdtemp(dir=above, prefix=".unpacking-")
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(made)
        os.chmod(made, 0o755)  # noqa: S103 as mkdtemp did not: the user in the sandbox reads it  # nosec B103
        shutil.rmtree(folder, ignore_errors=True)
        try:
            os.rename(made, folder)
        except OSError:
            shutil.rmtree(made, ignore_errors=True)
    finally:
        os.umask(before)
    if not is_whole(folder):
        sys.exit("The code could not be unpacked into " + folder + ". Name another place: " + CACHE_VARIABLE)


def main() -> None:
    """Does not return."""
    archive = os.path.dirname(os.path.abspath(__file__))
    folder = place()
    if not is_whole(folder):
        try:
            unpack(archive, folder)
        except OSError as error:
            sys.exit("The code cannot be unpacked: {}. Name another place: {}".format(error, CACHE_VARIABLE))
    sys.dont_write_bytecode = True  # half-written byte code after a loss of power would be believed
    sys.path[0] = folder
    from pathlib import Path

    from hardware.ondevice.runner.__main__ import main as run

    sys.exit(run(archive=Path(archive)))


if __name__ == "__main__":
    main()
