"""Run one command as its child, adopt whatever it leaves behind, and end all of it: a tiny init.

Usage: python -m hardware.ondevice.reaper COMMAND... Ends with the command's exit status, or 128 + its signal.
"""

from __future__ import annotations

import ctypes
import os
import sys

from hardware.ondevice import privileges, processes

PR_SET_CHILD_SUBREAPER = 36


def supervise(command: list[str]) -> int:
    """Run ``command`` to its end and return its status as a shell would report it. Leaves no process behind."""
    child = os.fork()
    if child == 0:
        os.execv(command[0], command)  # noqa: S606 the list comes from us, no shell is meant
    while True:
        pid, status = os.wait()
        if pid == child:
            return shell_status(status)


def shell_status(status: int) -> int:
    """A wait status as one number: the exit status, or 128 + signal."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def main() -> None:
    """Adopt orphans, run the command, kill what is left."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    privileges.die_with_parent(os.getppid())
    code = supervise(sys.argv[1:])
    processes.kill_below(os.getpid())
    sys.exit(code)


if __name__ == "__main__":
    main()
