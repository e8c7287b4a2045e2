"""Numbers of the system calls that are told apart here, on the three architectures of boards and of the bench.

From the kernel's own tables: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h (aarch64), and
arch/arm/tools/syscall.tbl with the EABI's column, which a 64-bit kernel uses for 32-bit programs too
(arch/arm64/include/asm/unistd32.h). A kernel that also takes the calls of the older OABI has no filters at all
(arch/arm/Kconfig: OABI_COMPAT).
"""

from __future__ import annotations

import platform
import struct

ARCHITECTURES = ("x86_64", "aarch64", "arm")

# name: its number on each of ARCHITECTURES, None where that one does not have the call.
Numbers = tuple["int | None", "int | None", "int | None"]
REFUSED: dict[str, Numbers] = {
    # New processes and other programs. Threads are let through below.
    "fork": (57, None, 2), "vfork": (58, None, 190), "execve": (59, 221, 11), "execveat": (322, 281, 387),
    # Leaving the group, signals to others.
    "setsid": (112, 157, 66), "setpgid": (109, 154, 57), "kill": (62, 129, 37), "tkill": (200, 130, 238),
    "rt_sigqueueinfo": (129, 138, 178), "rt_tgsigqueueinfo": (297, 240, 363), "pidfd_send_signal": (424, 424, 424),
    "pidfd_open": (434, 434, 434), "pidfd_getfd": (438, 438, 438),
    # Any kind of socket.
    "socket": (41, 198, 281), "socketpair": (53, 199, 288), "bind": (49, 200, 282), "listen": (50, 201, 284),
    "accept": (43, 202, 285), "accept4": (288, 242, 366), "connect": (42, 203, 283), "sendto": (44, 206, 290),
    "sendmsg": (46, 211, 296), "sendmmsg": (307, 269, 374), "recvfrom": (45, 207, 292), "recvmsg": (47, 212, 297),
    "recvmmsg": (299, 243, 365), "send": (None, None, 289), "recv": (None, None, 291),
    "recvmmsg_time64": (None, None, 417),
    # Other processes' memory, debuggers, kernel programs, asynchronous calls that pass this filter by.
    "ptrace": (101, 117, 26), "process_vm_readv": (310, 270, 376), "process_vm_writev": (311, 271, 377),
    "kcmp": (312, 272, 378), "bpf": (321, 280, 386), "perf_event_open": (298, 241, 364),
    "userfaultfd": (323, 282, 388), "io_uring_setup": (425, 425, 425), "io_uring_enter": (426, 426, 426),
    "io_uring_register": (427, 427, 427),
    # Mounts and namespaces.
    "mount": (165, 40, 21), "umount2": (166, 39, 52), "pivot_root": (155, 41, 218), "chroot": (161, 51, 61),
    "setns": (308, 268, 375), "unshare": (272, 97, 337), "open_tree": (428, 428, 428), "move_mount": (429, 429, 429),
    "fsopen": (430, 430, 430), "fsconfig": (431, 431, 431), "fsmount": (432, 432, 432), "fspick": (433, 433, 433),
    "mount_setattr": (442, 442, 442), "open_by_handle_at": (304, 265, 371), "name_to_handle_at": (303, 264, 370),
    "fanotify_init": (300, 262, 367), "quotactl": (179, 60, 131), "quotactl_fd": (443, 443, 443),
    "mknod": (133, None, 14), "mknodat": (259, 33, 324),
    # Memory that no resident-set count sees.
    "memfd_create": (319, 279, 385), "memfd_secret": (447, 447, 447), "shmget": (29, 194, 307),
    "msgget": (68, 186, 303), "semget": (64, 190, 299), "mq_open": (240, 180, 274),
    # Keys, clocks, the machine itself.
    "keyctl": (250, 219, 311), "add_key": (248, 217, 309), "request_key": (249, 218, 310),
    "personality": (135, 92, 136), "settimeofday": (164, 170, 79), "clock_settime": (227, 112, 262),
    "adjtimex": (159, 171, 124), "clock_adjtime": (305, 266, 372), "kexec_load": (246, 104, 347),
    "kexec_file_load": (320, 294, 401), "init_module": (175, 105, 128), "finit_module": (313, 273, 379),
    "delete_module": (176, 106, 129), "reboot": (169, 142, 88), "swapon": (167, 224, 87), "swapoff": (168, 225, 115),
    "sethostname": (170, 161, 74), "setdomainname": (171, 162, 121), "acct": (163, 89, 51), "syslog": (103, 116, 103),
    "vhangup": (153, 58, 111), "iopl": (172, None, None), "ioperm": (173, None, None), "modify_ldt": (154, None, None),
    "lookup_dcookie": (212, 18, 249), "move_pages": (279, 239, 344), "migrate_pages": (256, 238, 400),
    "clock_settime64": (None, None, 404), "clock_adjtime64": (None, None, 405), "pciconfig_iobase": (None, None, 271),
    "pciconfig_read": (None, None, 272), "pciconfig_write": (None, None, 273),
    # Each is many calls in one, of the OABI only; refused all the same, because it would pass this table by.
    "socketcall": (None, None, 102), "syscall": (None, None, 113), "ipc": (None, None, 117),
}  # fmt: skip
# Everything that changes a file by name, for the isolation that has no file system of its own.
CHANGES: dict[str, Numbers] = {
    "creat": (85, None, 8), "rename": (82, None, 38), "renameat": (264, 38, 329), "renameat2": (316, 276, 382),
    "mkdir": (83, None, 39), "mkdirat": (258, 34, 323), "rmdir": (84, None, 40), "unlink": (87, None, 10),
    "unlinkat": (263, 35, 328), "link": (86, None, 9), "linkat": (265, 37, 330), "symlink": (88, None, 83),
    "symlinkat": (266, 36, 331), "truncate": (76, 45, 92), "chmod": (90, None, 15), "fchmod": (91, 52, 94),
    "fchmodat": (268, 53, 333), "fchmodat2": (452, 452, 452), "chown": (92, None, 182), "lchown": (94, None, 16),
    "fchown": (93, 55, 95), "fchownat": (260, 54, 325), "utime": (132, None, None), "utimes": (235, None, 269),
    "futimesat": (261, None, 326), "utimensat": (280, 88, 348), "setxattr": (188, 5, 226), "lsetxattr": (189, 6, 227),
    "fsetxattr": (190, 7, 228), "removexattr": (197, 14, 235), "lremovexattr": (198, 15, 236),
    "fremovexattr": (199, 16, 237), "truncate64": (None, None, 193), "chown32": (None, None, 212),
    "lchown32": (None, None, 198), "fchown32": (None, None, 207), "utimensat_time64": (None, None, 412),
}  # fmt: skip
OPEN: Numbers = (2, None, 5)
OPENAT: Numbers = (257, 56, 322)
OPENAT2: Numbers = (437, 437, 437)
CLONE: Numbers = (56, 220, 120)
CLONE3: Numbers = (435, 435, 435)
TGKILL: Numbers = (234, 131, 268)
PRCTL: Numbers = (157, 167, 172)
IOCTL: Numbers = (16, 29, 54)
PRLIMIT64: Numbers = (302, 261, 369)
SECCOMP: Numbers = (317, 277, 383)
PIVOT_ROOT, MOUNT_SETATTR = REFUSED["pivot_root"], REFUSED["mount_setattr"]


def architecture() -> str | None:
    """Which of ``ARCHITECTURES`` this Python is a program of, whatever its kernel is; None for another."""
    machine, bits = platform.machine(), struct.calcsize("P") * 8
    if bits == 64:
        return machine if machine in ARCHITECTURES else None
    is_arm = machine == "aarch64" or (
        machine.startswith("arm") and machine.endswith("l")
    )  # of both byte orders, l is little
    return "arm" if is_arm else None


def number_of(numbers: Numbers, machine: str) -> int | None:
    """The number on ``machine``, one of ``ARCHITECTURES``. Raises ValueError for another."""
    return numbers[ARCHITECTURES.index(machine)]
