"""The filter is interpreted here, so that both architectures are tested on any machine."""

import errno
import struct

import pytest

from hardware.ondevice import seccomp

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


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request):
    return request.param


def number(table, machine):
    return table[list(seccomp.AUDIT_ARCH).index(machine)]


def test_every_refused_call_answers_eperm(machine):
    program = seccomp.build(machine, PID, read_only=False)
    for name, numbers in seccomp.REFUSED.items():
        if (call := number(numbers, machine)) is not None:
            assert decide(program, machine, call) == errno.EPERM, name


def test_no_number_is_listed_twice(machine):
    tables = {**seccomp.REFUSED, **seccomp.CHANGES}
    numbers = [n for table in tables.values() if (n := number(table, machine)) is not None]
    assert len(numbers) == len(set(numbers))


def test_threads_are_allowed_and_processes_are_not(machine):
    program = seccomp.build(machine, PID, read_only=False)
    clone = number(seccomp.CLONE, machine)
    assert decide(program, machine, clone, seccomp.CLONE_THREAD | 0x100) == 0
    assert decide(program, machine, clone, 0x11) == errno.EPERM
    assert decide(program, machine, number(seccomp.CLONE3, machine)) == errno.ENOSYS


def test_a_signal_goes_only_to_itself_and_never_kills_silently(machine):
    program, call = seccomp.build(machine, PID, read_only=False), number(seccomp.TGKILL, machine)
    assert decide(program, machine, call, PID, PID, 6) == 0
    assert decide(program, machine, call, PID, PID, 9) == errno.EPERM
    assert decide(program, machine, call, 1, 1, 6) == errno.EPERM


def test_the_death_signal_cannot_be_taken_back(machine):
    program, call = seccomp.build(machine, PID, read_only=False), number(seccomp.PRCTL, machine)
    assert decide(program, machine, call, 1, 0) == errno.EPERM
    assert decide(program, machine, call, 15) == 0


def test_read_only_means_no_file_is_opened_for_writing(machine):
    program = seccomp.build(machine, PID, read_only=True)
    openat = number(seccomp.OPENAT, machine)
    assert decide(program, machine, openat, 0, 0, 0) == 0
    for flags in (0o1, 0o2, 0o100, 0o1000):
        assert decide(program, machine, openat, 0, 0, flags) == errno.EROFS
    for numbers in seccomp.CHANGES.values():
        if (call := number(numbers, machine)) is not None:
            assert decide(program, machine, call) == errno.EROFS


def test_another_architecture_kills():
    program = seccomp.build("x86_64", PID, read_only=False)
    assert decide(program, "aarch64", 0) == "kill"


def test_reading_and_writing_stay_allowed(machine):
    program = seccomp.build(machine, PID, read_only=True)
    for call in {"x86_64": (0, 1, 9, 231), "aarch64": (63, 64, 222, 94)}[machine]:
        assert decide(program, machine, call) == 0
