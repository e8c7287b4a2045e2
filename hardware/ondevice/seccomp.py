"""A system call filter for a process that only has to read a model, compute and write to one pipe.

Built by hand as classic BPF and installed through seccomp(2), so that a device needs no library for it. Numbers come from
the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h). The filter
refuses by list: an allow-list would have to follow every release of four runtimes, and what the list leaves open is
closed by namespaces, Landlock and limits.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000

# name: (number on x86_64, number on aarch64); None where the architecture does not have the call.
Numbers = tuple["int | None", "int | None"]
REFUSED: dict[str, Numbers] = {
    # New processes and other programs. Threads are let through below.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # Leaving the group, signals to others.
    "setsid": (112, 157), "setpgid": (109, 154), "kill": (62, 129), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    # Any kind of socket.
    "socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "connect": (42, 203), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "recvfrom": (45, 207), "recvmsg": (47, 212), "recvmmsg": (299, 243),
    # Other processes' memory, debuggers, kernel programs, asynchronous calls that pass this filter by.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # Mounts and namespaces.
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "unshare": (272, 97), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "fanotify_init": (300, 262),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "mknod": (133, None), "mknodat": (259, 33),
    # Memory that no resident-set count sees.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180),
    # Keys, clocks, the machine itself.
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "personality": (135, 92),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "sethostname": (170, 161), "setdomainname": (171, 162), "acct": (163, 89),
    "syslog": (103, 116), "vhangup": (153, 58), "iopl": (172, None), "ioperm": (173, None),
    "modify_ldt": (154, None), "lookup_dcookie": (212, 18), "move_pages": (279, 239), "migrate_pages": (256, 238),
}  # fmt: skip
# Everything that changes a file by name, for the isolation that has no file system of its own.
CHANGES: dict[str, Numbers] = {
    "creat": (85, None), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None),
    "mkdirat": (258, 34), "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35), "link": (86, None),
    "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "truncate": (76, 45), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "lchown": (94, None),
    "fchown": (93, 55), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
}  # fmt: skip
OPEN: Numbers = (2, None)
OPENAT: Numbers = (257, 56)
OPENAT2: Numbers = (437, 437)
CLONE: Numbers = (56, 220)
CLONE3: Numbers = (435, 435)
TGKILL: Numbers = (234, 131)
PRCTL: Numbers = (157, 167)
IOCTL: Numbers = (16, 29)
PRLIMIT64: Numbers = (302, 261)

CLONE_THREAD = 0x00010000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
PR_SET_PDEATHSIG = 1
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
SECCOMP_SET_MODE_FILTER, FILTER_FLAG_TSYNC = 1, 1
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
# SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGSTOP: who ends by one of these was ended from outside, because nothing inside can send it.
FROM_OUTSIDE = (1, 2, 9, 15, 19)

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

Instruction = tuple[int, int, int, int]


def supported() -> bool:
    """Whether there is a table for this machine's architecture (and Python runs as a 64-bit program on it)."""
    return platform.machine() in AUDIT_ARCH and struct.calcsize("P") == 8


def build(machine: str, pid: int, read_only: bool) -> bytes:
    """Return the filter as ``struct sock_filter`` instructions for ``machine``, "x86_64" or "aarch64".

    ``pid`` is the process the filter is for, the only one it may send signals to. With ``read_only`` no file can be
    opened for writing, made, renamed or removed. Raises KeyError for another architecture.
    """
    column = tuple(AUDIT_ARCH).index(machine)
    program: list[Instruction] = [
        _load(4),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL_PROCESS),
        _load(0),
    ]
    if machine == "x86_64":
        program += [(AT_LEAST, 0, 1, X32_BIT), _errno(errno.ENOSYS)]
    program += _refuse_all(REFUSED, column, errno.EPERM)
    # ENOSYS makes the C library fall back to clone, whose flags a filter can read.
    program += _refuse_all({"clone3": CLONE3}, column, errno.ENOSYS)
    if read_only:
        program += _refuse_all(CHANGES, column, errno.EROFS) + _refuse_all({"openat2": OPENAT2}, column, errno.ENOSYS)
        program += _when(OPEN[column], _refuse_bits(1, WRITING, errno.EROFS))
        program += _when(OPENAT[column], _refuse_bits(2, WRITING, errno.EROFS))
    program += _when(CLONE[column], [_load_argument(0), (ANY_BIT, 1, 0, CLONE_THREAD), _errno(errno.EPERM), _allow()])
    program += _when(TGKILL[column], [*_only_values(0, (pid,)), *_never_values(2, FROM_OUTSIDE), _allow()])
    program += _when(PRLIMIT64[column], [*_only_values(0, (0, pid)), _allow()])
    # The death signal is what ends the process with its watcher; it must not be taken back.
    program += _when(PRCTL[column], [*_never_values(0, (PR_SET_PDEATHSIG,)), _allow()])
    program += _when(IOCTL[column], [*_never_values(1, TERMINAL_INJECTION), _allow()])
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in [*program, _allow()])


def install(program: bytes) -> None:
    """Put the filter on all threads of this process and what they start from now on. Raises OSError.

    Needs no-new-privileges. All threads, because a runtime may have started some of its own while it was imported.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    count = len(program) // 8
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@H6xQ", count, ctypes.addressof(buffer))
    number = SYS_SECCOMP[platform.machine()]
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
    # The low half of a 64-bit argument; both architectures are little-endian here.
    return _load(16 + 8 * index)


def _allow() -> Instruction:
    return (RETURN, 0, 0, ALLOW)


def _errno(number: int) -> Instruction:
    return (RETURN, 0, 0, ERRNO | number)


def _refuse_all(table: dict[str, Numbers], column: int, number: int) -> list[Instruction]:
    program: list[Instruction] = []
    for numbers in table.values():
        program += _when(numbers[column], [_errno(number)])
    return program


def _when(call: int | None, then: list[Instruction]) -> list[Instruction]:
    """``then`` for the one system call ``call``. It must end in a decision: it may overwrite the accumulator."""
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
