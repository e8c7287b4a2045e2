"""The filter is interpreted here, so that all architectures are tested on any machine."""

import errno
import struct

import pytest

from hardware.ondevice import seccomp, syscalls

PID = 4242


def decide(program, machine, number, *args):
    """What the kernel would answer: 0 to allow, an errno, or "kill"."""
    data = struct.pack("<iIQ6Q", number, seccomp.AUDIT_ARCH[machine], 0, *args, *([0] * (6 - len(args))))
    code = [struct.unpack_from("<HBBI", program, offset) for offset in range(0, len(program), 8)]
    accumulator, at = 0, 0
    while True:
        kind, yes, no, value = code[at]
        at += 1
        if kind == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif kind == seccomp.RETURN:
            return {seccomp.ALLOW: 0, seccomp.KILL_PROCESS: "kill"}.get(value, value & 0xFFFF)
        else:
            test = {
                seccomp.EQUAL: accumulator == value,
                seccomp.AT_LEAST: accumulator >= value,
                seccomp.ANY_BIT: accumulator & value,
            }[kind]
            at += yes if test else no


@pytest.fixture(params=syscalls.ARCHITECTURES)
def machine(request):
    return request.param


def number(table, machine):
    return syscalls.number_of(table, machine)


def test_every_refused_call_answers_eperm(machine):
    program = seccomp.build(machine, PID, read_only=False)
    for name, numbers in syscalls.REFUSED.items():
        if (call := number(numbers, machine)) is not None:
            assert decide(program, machine, call) == errno.EPERM, name


def test_no_number_is_listed_twice(machine):
    tables = {**syscalls.REFUSED, **syscalls.CHANGES}
    numbers = [n for table in tables.values() if (n := number(table, machine)) is not None]
    assert len(numbers) == len(set(numbers))


def test_threads_are_allowed_and_processes_are_not(machine):
    program = seccomp.build(machine, PID, read_only=False)
    clone = number(syscalls.CLONE, machine)
    assert decide(program, machine, clone, seccomp.CLONE_THREAD | 0x100) == 0
    assert decide(program, machine, clone, 0x11) == errno.EPERM
    assert decide(program, machine, number(syscalls.CLONE3, machine)) == errno.ENOSYS


def test_a_signal_goes_only_to_itself_and_never_kills_silently(machine):
    program, call = seccomp.build(machine, PID, read_only=False), number(syscalls.TGKILL, machine)
    assert decide(program, machine, call, PID, PID, 6) == 0
    assert decide(program, machine, call, PID, PID, 9) == errno.EPERM
    assert decide(program, machine, call, 1, 1, 6) == errno.EPERM


def test_the_death_signal_cannot_be_taken_back(machine):
    program, call = seccomp.build(machine, PID, read_only=False), number(syscalls.PRCTL, machine)
    assert decide(program, machine, call, 1, 0) == errno.EPERM
    assert decide(program, machine, call, 15) == 0


def test_read_only_means_no_file_is_opened_for_writing(machine):
    program = seccomp.build(machine, PID, read_only=True)
    openat = number(syscalls.OPENAT, machine)
    assert decide(program, machine, openat, 0, 0, 0) == 0
    for flags in (0o1, 0o2, 0o100, 0o1000):
        assert decide(program, machine, openat, 0, 0, flags) == errno.EROFS
    for numbers in syscalls.CHANGES.values():
        if (call := number(numbers, machine)) is not None:
            assert decide(program, machine, call) == errno.EROFS


def test_another_architecture_kills():
    for machine in syscalls.ARCHITECTURES:
        program = seccomp.build(machine, PID, read_only=False)
        for other in set(syscalls.ARCHITECTURES) - {machine}:
            assert decide(program, other, 0) == "kill"


def test_reading_and_writing_stay_allowed(machine):
    program = seccomp.build(machine, PID, read_only=True)
    # read, write, mmap or mmap2, exit_group; of 32-bit Arm also what its C library sets up a thread with, set_tls.
    for call in {"x86_64": (0, 1, 9, 231), "aarch64": (63, 64, 222, 94), "arm": (3, 4, 192, 248, 0xF0005)}[machine]:
        assert decide(program, machine, call) == 0


@pytest.mark.parametrize(
    ("machine", "bits", "found"),
    [
        ("x86_64", 64, "x86_64"), ("aarch64", 64, "aarch64"), ("armv7l", 32, "arm"), ("armv6l", 32, "arm"),
        ("aarch64", 32, "arm"),  # Raspberry Pi OS of 32 bits on the kernel of 64 that it comes with
        ("x86_64", 32, None), ("i686", 32, None), ("riscv64", 64, None), ("armv7b", 32, None),
    ],
)  # fmt: skip
def test_the_table_is_that_of_the_program_and_not_of_the_kernel(monkeypatch, machine, bits, found):
    monkeypatch.setattr(syscalls.platform, "machine", lambda: machine)
    monkeypatch.setattr(syscalls.struct, "calcsize", lambda kind: bits // 8)
    assert syscalls.architecture() == found
    assert seccomp.supported() == (found is not None)
