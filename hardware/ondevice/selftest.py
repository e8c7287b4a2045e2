"""Try from inside a sandbox what must not work there, and report it. Run once when an isolation is chosen."""

from __future__ import annotations

import argparse
import ctypes
import os
import socket
import threading

from hardware.ondevice.frames import write_frame


def can_start_process() -> bool:
    """Whether a new process can be made."""
    try:
        child = os.fork()
    except OSError:
        return False
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True


def can_open_socket() -> bool:
    """Whether any socket can be made."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError:
        return False
    return True


def can_start_thread() -> bool:
    """Whether threads work: the runtimes need them."""
    thread = threading.Thread(target=lambda: None)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


def can_write(path: str) -> bool:
    """Whether a file can be made at ``path``. Removes it again."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    except OSError:
        return False
    os.unlink(path)
    return True


def can_read(path: str) -> bool:
    """Whether a file can be read. Tried by opening it: what Landlock refuses, access() still allows."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def can_signal_others() -> bool:
    """Whether a signal can be sent to the process that started this one."""
    result: int = ctypes.CDLL(None).kill(os.getppid(), 0)
    return result == 0


def main() -> None:
    """Report each ability as true or false in one frame ``selftest``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--nonce", required=True)
    parser.add_argument("--read", required=True, help="a file that was given to the sandbox")
    parser.add_argument("--hidden", required=True, help="a file that was not")
    options = parser.parse_args()
    with open(options.read, "rb") as given:
        content = given.read(64).decode("ascii")
    body = {
        "content": content,
        "uid": os.getuid(),
        "thread": can_start_thread(),
        "process": can_start_process(),
        "socket": can_open_socket(),
        "signal": can_signal_others(),
        "write_outside": can_write(os.path.join(os.path.dirname(__file__), ".selftest"))
        or can_write(options.hidden + ".x"),
        "read_hidden": can_read(options.hidden),
    }
    write_frame(options.fd, options.nonce, "selftest", body)


if __name__ == "__main__":
    main()
