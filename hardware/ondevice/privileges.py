"""Give up what a process does not need: user, groups, capabilities, resources. Every step is one way."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_READ_SEARCH = 2
CAP_LAST = 63


def _prctl(option: int, argument: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    result: int = libc.prctl(option, ctypes.c_ulong(argument), zero, zero, zero)
    return result


def become(uid: int, keep_reading: bool) -> None:
    """Become the user and group ``uid`` for good, with no supplementary group and no capability. Raises OSError.

    With ``keep_reading`` the right to read whatever the permission bits say stays: for a Python below a folder that
    only root may enter. Only with a file system of its own, or with Landlock, is that harmless.
    """
    for capability in range(CAP_LAST + 1):
        # Fails beyond the kernel's last capability and where we have none to drop; both leave nothing to take away.
        _prctl(PR_CAPBSET_DROP, capability)
    _prctl(PR_SET_KEEPCAPS, 1 if keep_reading else 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    set_capabilities(1 << CAP_DAC_READ_SEARCH if keep_reading else 0)
    # A change of user closes /proc/self to the process itself; the C library reads its own stack bounds there.
    _prctl(PR_SET_DUMPABLE, 1)


def allow_no_new() -> None:
    """Never gain a right again, by no program that is run. Landlock and seccomp ask for it. Raises OSError."""
    if _prctl(PR_SET_NO_NEW_PRIVS, 1) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")


def set_capabilities(mask: int) -> None:
    """Have the capabilities of ``mask``, effective and permitted, and no other. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    if libc.capset(header, struct.pack("=6I", low, low, 0, high, high, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def die_with_parent(parent: int) -> None:
    """Be killed when the parent, process ``parent``, ends. Exits at once where it has ended already. Raises OSError."""
    if _prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def limit(kind: int, amount: int | None, grace: int = 0) -> None:
    """Set a resource limit, the hard one ``grace`` above it, never above what holds already. None changes nothing."""
    if amount is None:
        return
    hard = resource.getrlimit(kind)[1]
    soft, bound = (value if hard == resource.RLIM_INFINITY else min(value, hard) for value in (amount, amount + grace))
    resource.setrlimit(kind, (soft, bound))
