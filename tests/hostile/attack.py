"""Things a hostile model could try if it could run any Python. Run in the sandbox by the launcher, never imported.

Usage inside: {inputs}/attack.py NAME [--target PATH] --fd N --nonce HEX
"""

import argparse
import os
import resource
import signal
import socket
import sys
import threading
import time

from hardware.ondevice.frames import encode_frame, write_frame


def say(options, **body):
    write_frame(options.fd, options.nonce, "said", body)


def attempt(options, action):
    """Try it and report which error, if any, came of it."""
    try:
        action()
    except OSError as error:
        say(options, refused=True, errno=error.errno)
    else:
        say(options, refused=False, errno=0)


def endless_loop(options):
    while True:
        pass


def allocate_10_gb(options):
    bytearray(10 * 1024**3)


def grow_slowly(options):
    held = []
    while True:
        held.append(b"x" * (8 << 20))


def fork_bomb(options):
    attempt(options, os.fork)


def run_program(options):
    attempt(options, lambda: os.execv("/usr/bin/true", ["true"]))


def daemonise(options):
    def grandchild():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(60)

    attempt(options, grandchild)


def open_socket(options):
    attempt(options, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))


def open_unix_socket(options):
    attempt(options, lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))


def write_file(options):
    attempt(options, lambda: os.close(os.open(options.target, os.O_CREAT | os.O_WRONLY, 0o644)))


def read_file(options):
    attempt(options, lambda: os.close(os.open(options.target, os.O_RDONLY)))


def signal_parent(options):
    attempt(options, lambda: os.kill(os.getppid(), signal.SIGTERM))


def kill_itself(options):
    attempt(options, lambda: os.kill(os.getpid(), signal.SIGKILL))


def terminate_itself(options):
    attempt(options, lambda: signal.raise_signal(signal.SIGTERM))


def segfault(options):
    signal.raise_signal(signal.SIGSEGV)


def flood_stdout(options):
    while True:
        os.write(1, b"x" * 65536)


def flood_results(options):
    while True:
        write_frame(options.fd, options.nonce, "said", {"x": "y" * 1_000_000})


def forge_result(options):
    os.write(options.fd, encode_frame("0" * 32, "latency", {"first_ms": [0], "samples_ms": [0]}))


def garbage_result(options):
    os.write(options.fd, b"\xff" * 64)


def cut_result(options):
    os.write(options.fd, b"\x00\x00\x01\x00{")


def cut_result_and_wait(options):
    say(options, refused=False)
    cut_result(options)
    time.sleep(30)


def many_threads(options):
    for _ in range(2000):
        try:
            threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        except RuntimeError:
            return say(options, refused=True, errno=0)
    time.sleep(30)
    return None


def look_around(options):
    try:
        with open("/proc/self/cmdline", "rb") as file:
            cmdline = file.read().decode("latin1")
    except OSError:
        cmdline = ""  # Landlock leaves not even that
    say(options, environ=sorted(os.environ), cmdline=cmdline)


def look_at_limits(options):
    """What holds for this process: resource limits but processor time, capabilities, filter, user, and what is open."""
    names = ("AS", "CORE", "FSIZE", "MEMLOCK", "NOFILE", "NPROC")
    limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}
    wanted = ("Cap", "Seccomp", "NoNewPrivs", "Uid", "Gid", "Groups", "Threads")
    with open("/proc/self/status") as status:
        rights = [line.strip() for line in status if line.startswith(wanted)]
    opened = [number for number in range(256) if is_open(number)]
    say(
        options,
        limits=limits,
        rights=rights,
        opened=len(opened),
        null=os.fstat(0).st_rdev == os.stat(os.devnull).st_rdev,
    )


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def look_at_init(options):
    try:
        with open("/proc/1/cmdline", "rb") as file:
            say(options, cmdline=file.read().decode("latin1"))
    except OSError:
        say(options, cmdline="")


def ignore_processor_limit(options):
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    endless_loop(options)


def patch_timer(options):
    """Times of a microsecond for what takes seconds, as if the clock inside had been changed."""
    write_frame(options.fd, options.nonce, "model", {"inputs": [], "outputs": [], "findings": []})
    time.sleep(2.0)
    write_frame(options.fd, options.nonce, "latency", {"first_ms": [0.001], "samples_ms": [0.001] * 50})


def stretch_timer(options):
    """Times of a minute each for what takes no time."""
    write_frame(options.fd, options.nonce, "latency", {"first_ms": [60_000.0], "samples_ms": [60_000.0] * 50})


def wait(options):
    say(options, pid=os.getpid())
    time.sleep(60)


def leave(options):
    sys.exit(3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--target", default="")
    parser.add_argument("--fd", type=int)
    parser.add_argument("--nonce")
    chosen = parser.parse_args()
    globals()[chosen.name](chosen)
