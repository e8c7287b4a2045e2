"""A system call filter for a process that only has to read a model, compute and write to one pipe.

Built by hand as classic BPF and installed through seccomp(2), so that a device needs no library for it. Numbers:
syscalls.py. The filter refuses by list: an allow-list would have to follow every release of four runtimes, and what the
list leaves open is closed by namespaces, Landlock and limits.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence

from hardware.ondevice import syscalls
from hardware.ondevice.syscalls import Numbers

# include/uapi/linux/audit.h
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "arm": 0x40000028}
X32_BIT = 0x40000000

CLONE_THREAD = 0x00010000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
PR_SET_PDEATHSIG = 1
SECCOMP_SET_MODE_FILTER, FILTER_FLAG_TSYNC = 1, 1
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
# SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGSTOP: who ends by one of these was ended from outside, because nothing inside can send it.
FROM_OUTSIDE = (1, 2, 9, 15, 19)

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

Instruction = tuple[int, int, int, int]


def supported() -> bool:
    """Whether there is a table of numbers for what this Python is a program of."""
    return syscalls.architecture() is not None


def build(machine: str, pid: int, read_only: bool) -> bytes:
    """Return the filter as ``struct sock_filter`` instructions for ``machine``, one of ``syscalls.ARCHITECTURES``.

    ``pid`` is the process the filter is for, the only one it may send signals to. With ``read_only`` no file can be
    opened for writing, made, renamed or removed. Raises KeyError for another architecture.
    """
    program: list[Instruction] = [
        _load(4),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL_PROCESS),
        _load(0),
    ]
    if machine == "x86_64":
        program += [(AT_LEAST, 0, 1, X32_BIT), _errno(errno.ENOSYS)]
    program += _refuse_all(syscalls.REFUSED, machine, errno.EPERM)
    # ENOSYS makes the C library fall back to clone, whose flags a filter can read.
    program += _when(syscalls.CLONE3, machine, [_errno(errno.ENOSYS)])
    if read_only:
        program += _refuse_all(syscalls.CHANGES, machine, errno.EROFS)
        program += _when(syscalls.OPENAT2, machine, [_errno(errno.ENOSYS)])
        program += _when(syscalls.OPEN, machine, _refuse_bits(1, WRITING, errno.EROFS))
        program += _when(syscalls.OPENAT, machine, _refuse_bits(2, WRITING, errno.EROFS))
    is_thread = [_load_argument(0), (ANY_BIT, 1, 0, CLONE_THREAD), _errno(errno.EPERM), _allow()]
    program += _when(syscalls.CLONE, machine, is_thread)
    to_itself = [*_only_values(0, (pid,)), *_never_values(2, FROM_OUTSIDE), _allow()]
    program += _when(syscalls.TGKILL, machine, to_itself)
    program += _when(syscalls.PRLIMIT64, machine, [*_only_values(0, (0, pid)), _allow()])
    # The death signal is what ends the process with its watcher; it must not be taken back.
    program += _when(syscalls.PRCTL, machine, [*_never_values(0, (PR_SET_PDEATHSIG,)), _allow()])
    program += _when(syscalls.IOCTL, machine, [*_never_values(1, TERMINAL_INJECTION), _allow()])
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in [*program, _allow()])


def install(*, read_only: bool) -> None:
    """Put the filter on all threads of this process and what they start from now on. Raises OSError.

    Needs no-new-privileges. All threads, because a runtime may have started some of its own while it was imported.
    """
    machine = syscalls.architecture()
    number = syscalls.number_of(syscalls.SECCOMP, machine) if machine else None
    if machine is None or number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), "seccomp")
    program = build(machine, os.getpid(), read_only)
    libc = ctypes.CDLL(None, use_errno=True)
    count = len(program) // 8
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", count, ctypes.addressof(buffer))
    left_out = libc.syscall(ctypes.c_long(number), SECCOMP_SET_MODE_FILTER, FILTER_FLAG_TSYNC, header)
    if left_out < 0 and ctypes.get_errno() == errno.ENOSYS and len(os.listdir("/proc/self/task")) == 1:
        # Valgrind passes on only the older call, which is for one thread; there must be no other one.
        zero = ctypes.c_ulong(0)
        left_out = libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), header, zero, zero)
    if left_out != 0:
        # A positive answer is the number of a thread that has a filter of another origin.
        raise OSError(ctypes.get_errno() if left_out < 0 else errno.EACCES, "seccomp", "seccomp")


def _load(offset: int) -> Instruction:
    return (LOAD, 0, 0, offset)


def _load_argument(index: int) -> Instruction:
    # The low half of a 64-bit argument; all of them are little-endian here.
    return _load(16 + 8 * index)


def _allow() -> Instruction:
    return (RETURN, 0, 0, ALLOW)


def _errno(number: int) -> Instruction:
    return (RETURN, 0, 0, ERRNO | number)


def _refuse_all(table: dict[str, Numbers], machine: str, number: int) -> list[Instruction]:
    program: list[Instruction] = []
    for numbers in table.values():
        program += _when(numbers, machine, [_errno(number)])
    return program


def _when(numbers: Numbers, machine: str, then: list[Instruction]) -> list[Instruction]:
    """``then`` for one system call. It must end in a decision: it may overwrite the accumulator."""
    call = syscalls.number_of(numbers, machine)
    return [] if call is None else [(EQUAL, 0, len(then), call), *then]


def _refuse_bits(argument: int, bits: int, number: int) -> list[Instruction]:
    return [_load_argument(argument), (ANY_BIT, 0, 1, bits), _errno(number), _allow()]


def _only_values(argument: int, values: Sequence[int]) -> list[Instruction]:
    tests: list[Instruction] = [(EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
    return [_load_argument(argument), *tests, _errno(errno.EPERM)]


def _never_values(argument: int, values: Sequence[int]) -> list[Instruction]:
    program = [_load_argument(argument)]
    for value in values:
        program += [(EQUAL, 0, 1, value), _errno(errno.EPERM)]
    return program
