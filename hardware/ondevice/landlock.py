"""Restrict what a process can reach in the file system with Landlock, where the kernel has it (Linux 5.13 and later).

Numbers and structures: include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
RULE_PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READING = EXECUTE | READ_FILE | READ_DIR
# How many rights of the file system each version of the interface knows.
RIGHTS_OF_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
NETWORK_RIGHTS = 0b11  # bind and connect over TCP, version 4
SCOPES = 0b11  # abstract sockets and signals to outside, version 6


def version() -> int:
    """The version of the kernel's Landlock interface, 0 where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    found: int = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)
    return max(found, 0)


def restrict(readable: Iterable[str]) -> int:
    """Leave the calling process nothing but reading below ``readable``; paths that do not exist are passed over.

    Returns the interface version that was used, 0 where the kernel has no Landlock (then nothing is restricted).
    Raises OSError.
    """
    found = version()
    if found == 0:
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    handled = (1 << RIGHTS_OF_VERSION[min(found, 5)]) - 1
    attributes = struct.pack("=Q", handled)
    if found >= 4:
        attributes += struct.pack("=Q", NETWORK_RIGHTS)
    if found >= 6:
        attributes += struct.pack("=Q", SCOPES)
    ruleset: int = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        for path in readable:
            _allow_reading(libc, ruleset, path)
        if libc.syscall(RESTRICT_SELF, ruleset, 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(ruleset)
    return found


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rights = READING if stat.S_ISDIR(os.fstat(fd).st_mode) else READING & FILE_RIGHTS
        if libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, struct.pack("=Qi", rights, fd), 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_add_rule", path)
    finally:
        os.close(fd)
