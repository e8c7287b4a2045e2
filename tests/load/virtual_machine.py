"""A board that is a virtual machine: Debian for Arm with its own kernel and systemd, under QEMU's emulation of the processor.

Made once by debootstrap and kept in $VIRTUAL_BOARD_CACHE (a gigabyte a processor); each machine writes to a layer of its own above it.
"""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("VIRTUAL_BOARD_CACHE", "/var/tmp/milliamp-virtual-board"))
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "udev", "kmod", "iproute2", "procps", "python3", "python3-venv", "bubblewrap", "apparmor",
    "initramfs-tools", "zstd", "libpam-systemd",
)  # fmt: skip
MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "virtio_mmio", "ext4"]
CONTROL = """\
import base64, json, os, subprocess, time, tty
PORTS = ("/dev/virtio-ports/milliamp", "/dev/ttyS0")
while not (found := [place for place in PORTS if os.path.exists(place)]):
    time.sleep(0.2)
port = os.open(found[0], os.O_RDWR | os.O_NOCTTY)
if os.isatty(port):
    tty.setraw(port)
data = b""
while True:
    while b"\\n" not in data:
        piece = os.read(port, 65536)
        data += piece
        if not piece:
            time.sleep(0.2)
    line, data = data.split(b"\\n", 1)
    asked, said = {}, [255, "not understood"]
    try:
        asked = json.loads(line)
        if "put" in asked:
            with open(asked["put"], "ab" if asked["more"] else "wb") as file:
                file.write(base64.b64decode(asked["content"]))
                os.fsync(file.fileno())
            said = [0, ""]
        else:
            done = subprocess.run(asked["run"], shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=asked["within_s"])
            said = [done.returncode, done.stdout.decode("utf-8", "replace")]
    except Exception as error:
        said = [255, repr(error)]
    answer = memoryview(json.dumps([asked.get("id"), *said]).encode() + b"\\n")
    while answer:
        answer = answer[os.write(port, answer):]
"""
UNIT = """\
[Unit]
Description=Takes orders from the host
[Service]
ExecStart=/usr/bin/python3 /opt/control.py
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
"""
PIECE_BYTES = 1500  # a line of a terminal holds 4096
# What both kinds of user networking give their guest.
NETWORK = "[Match]\nName=en* eth*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"


@dataclass(frozen=True)
class Processor:
    """What a processor's machine is made of. ``machine``: words for the emulator; ``wheels``: the packages, of ``platforms``."""

    debian: str
    emulator: str
    machine: tuple[str, ...]
    console: str
    kernel: str
    binfmt: str
    platforms: tuple[str, ...]
    wheels: tuple[str, ...]
    more: tuple[str, ...] = ()


# User-mode Linux: a kernel that is a process of this machine, so its processor is this machine's and no board's, but nothing is emulated. What
# only kernel and systemd decide is tried there.
AMD64 = Processor(
    "amd64", "linux.uml", (), "", "", "",
    ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64"), ("numpy==2.2.6", "onnxruntime"),
)  # fmt: skip
ARM64 = Processor(
    "arm64", "qemu-system-aarch64", ("-machine", "virt", "-cpu", "cortex-a72"), "ttyAMA0", "linux-image-arm64", "qemu-aarch64",
    ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64"), ("numpy==2.2.6", "onnxruntime"),
)  # fmt: skip
ARMHF = Processor(
    "armhf", "qemu-system-arm", ("-machine", "virt", "-cpu", "cortex-a15"), "ttyAMA0", "linux-image-armmp-lpae", "qemu-arm",
    ("manylinux_2_34_armv7l",), ("tflite-runtime==2.14.0",), ("python3-numpy",),
)  # fmt: skip


def missing(processor: Processor) -> str:
    """What is not on this machine, "" where a virtual board can be made and run."""
    if os.geteuid() != 0:
        return "it takes root to make its file system"
    wanted = (
        "debootstrap",
        "mkfs.ext4",
        processor.emulator,
        *(["qemu-img"] if processor.kernel else ["slirp-fullbolt"]),
    )
    lacking = [name for name in wanted if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} is not installed"
    if (
        processor.binfmt
        and not _disk(processor).exists()
        and not Path(f"/proc/sys/fs/binfmt_misc/{processor.binfmt}").exists()
    ):
        return f"no program for {processor.debian} runs here: qemu-user-static, and update-binfmts --enable {processor.binfmt}"
    return ""


def _disk(processor: Processor) -> Path:
    return CACHE / processor.debian / "disk"


def _run(*words: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 0, f"{words}: {(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


def make(processor: Processor) -> Path:
    """The folder with disk, kernel and initrd, made where it is not there: about ten minutes."""
    place = _disk(processor).parent
    if _disk(processor).exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    root = place / "root"
    if not (place / "bootstrapped").exists():
        shutil.rmtree(root, ignore_errors=True)
        targets = _run(
            "apt-get", "indextargets", "--format", "$(SITE) $(REPO_URI)", "Created-By: Packages"
        ).splitlines()
        mirror = next((line.split()[1] for line in targets if "security" not in line), "http://deb.debian.org/debian")
        names = ",".join((*PACKAGES, *processor.more))
        _run(
            "debootstrap",
            f"--arch={processor.debian}",
            "--variant=minbase",
            f"--include={names}",
            "bookworm",
            root,
            mirror,
        )
        (place / "bootstrapped").touch()
    if processor.kernel:
        _install_kernel(processor, root)
        for kind in ("vmlinuz", "initrd.img"):
            shutil.copyfile(next(root.glob(f"boot/{kind}-*")), place / kind)
    _furnish(processor, root)
    _run("mkfs.ext4", "-q", "-L", "root", "-d", root, place / "disk.new", "4G")
    (place / "disk.new").rename(_disk(processor))
    return place


def _install_kernel(processor: Processor, root: Path) -> None:
    if list(root.glob("boot/initrd.img-*")):
        return
    settings = root / "etc" / "initramfs-tools"
    (settings / "conf.d" / "small.conf").write_text("MODULES=list\nCOMPRESS=gzip\n")
    (settings / "modules").write_text("\n".join(MODULES) + "\n")
    shutil.copyfile("/etc/resolv.conf", root / "etc" / "resolv.conf")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    _run("mount", "-t", "proc", "proc", root / "proc")
    try:
        _run("chroot", root, "apt-get", "update")
        _run("chroot", root, "apt-get", "install", "-y", "--no-install-recommends", processor.kernel, env=env)
    finally:
        _run("umount", root / "proc")


def _furnish(processor: Processor, root: Path) -> None:
    """A person, a virtual environment with the runtimes, a network, and somebody who takes our orders."""
    if not (root / "home" / "pi").exists():
        _run("chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "pi")
    venv = root / "home" / "pi" / "runner"
    if not venv.exists():
        _run("chroot", root, "python3", "-m", "venv", "--without-pip", "--system-site-packages", "/home/pi/runner")
    wheels = [word for name in processor.platforms for word in ("--platform", name)]
    _run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--only-binary", ":all:", *wheels,
        "--python-version", "311", "--implementation", "cp", "--target", venv / "lib/python3.11/site-packages", *processor.wheels,
    )  # fmt: skip
    (root / "opt" / "control.py").write_text(CONTROL)
    (root / "etc/systemd/system/control.service").write_text(UNIT)
    (root / "etc/systemd/network/10-any.network").write_text(NETWORK)
    (root / "etc" / "fstab").write_text("")
    (root / "etc" / "hostname").write_text("virtual-board\n")
    (root / "etc" / "machine-id").write_text("")
    for unit in ("control.service", "systemd-networkd.service"):
        _run("chroot", root, "systemctl", "enable", unit)
    for unit in ("apt-daily.timer", "apt-daily-upgrade.timer", "serial-getty@ttyAMA0.service"):
        _run("chroot", root, "systemctl", "mask", unit)
    _run("chroot", root, "chown", "-R", "pi:pi", "/home/pi")


class Machine:
    """One virtual board with a disk of its own; ``words`` are added to the kernel's command line."""

    def __init__(self, processor: Processor, folder: Path, words: str = "", memory_mib: int = 2048) -> None:
        self.processor, self.folder, self.words, self.memory_mib = processor, folder, words, memory_mib
        self.base = make(processor)
        folder.mkdir(parents=True, exist_ok=True)
        self.disk = folder / "disk.qcow2"
        if processor.kernel and not self.disk.exists():
            _run("qemu-img", "create", "-q", "-f", "qcow2", "-b", self.base / "disk", "-F", "raw", self.disk)
        self._asked = 0

    def start(self) -> None:
        """Switch it on."""
        log = (self.folder / "console.log").open("ab")
        self._port, theirs = socket.socketpair()
        self._data = b""
        port = theirs.fileno()
        words = self._emulated(port) if self.processor.kernel else self._user_mode(port)
        self.process = subprocess.Popen(
            ["nice", "-n", "19" if self.processor.kernel else "10", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(port,),
        )
        theirs.close()
        log.close()

    def _emulated(self, port: int) -> list[str]:
        words = f"root=/dev/vda rw console={self.processor.console} loglevel=4 systemd.show_status=false {self.words}".strip()
        return [
            self.processor.emulator, *self.processor.machine, "-smp", "2", "-m", str(self.memory_mib),
            "-nographic", "-nodefaults", "-serial", "stdio", "-kernel", str(self.base / "vmlinuz"), "-initrd", str(self.base / "initrd.img"),
            "-append", words,
            "-drive", f"if=none,id=disk,file={self.disk},format=qcow2", "-device", "virtio-blk-pci,drive=disk",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci",
            "-add-fd", f"fd={port},set=1", "-chardev", f"socket,id=port,fd={port}", "-device", "virtio-serial-pci",
            "-device", "virtserialport,chardev=port,name=milliamp",
        ]  # fmt: skip

    def _user_mode(self, port: int) -> list[str]:
        return [
            self.processor.emulator, f"mem={self.memory_mib}M", f"ubd0={self.disk},{self.base / 'disk'}", "root=/dev/ubda", "rw",
            "eth0=slirp,,/usr/bin/slirp-fullbolt", "con0=null,fd:1", "con=null", f"ssl0=fd:{port},fd:{port}", "ssl=null",
            "loglevel=4", "systemd.show_status=false", *self.words.split(),
        ]  # fmt: skip

    def wait_up(self, within_s: float = 300.0) -> float:
        """Until it takes orders. Returns the seconds that took."""
        begun = time.monotonic()
        while time.monotonic() - begun < within_s:
            assert self.process.poll() is None, (self.folder / "console.log").read_text(errors="replace")[-2000:]
            with suppress(TimeoutError):
                if (
                    self._ask({"run": "systemctl is-active multi-user.target", "within_s": 20}, 5)[1].strip()
                    == "active"
                ):
                    return time.monotonic() - begun
            time.sleep(1)
        raise AssertionError((self.folder / "console.log").read_text(errors="replace")[-3000:])

    def run(self, command: str, *, as_pi: bool = False, within_s: float = 300.0) -> tuple[int, str]:
        """Exit code and output of a line of shell, as root or as pi."""
        if as_pi:
            quoted = command.replace("'", "'\\''")
            command = f"runuser -u pi -- env HOME=/home/pi sh -c 'cd && {quoted}'"
        return self._ask({"run": command, "within_s": within_s}, within_s + 10)

    def tell(self, command: str) -> None:
        """Have a line of shell run, after which nobody may be there to answer."""
        self._port.sendall(json.dumps({"run": command, "within_s": 60, "id": "told"}).encode() + b"\n")

    def put(self, content: bytes, path: str) -> None:
        """Lay a file there."""
        for at in range(0, len(content), PIECE_BYTES):
            piece = base64.b64encode(content[at : at + PIECE_BYTES]).decode()
            code, said = self._ask({"put": path, "content": piece, "more": at > 0}, 120)
            assert code == 0, said

    def _ask(self, what: dict[str, object], within_s: float) -> tuple[int, str]:
        self._asked += 1
        mine, deadline = f"{os.getpid()}-{self._asked}", time.monotonic() + within_s
        self._port.settimeout(within_s)
        self._port.sendall(json.dumps(what | {"id": mine}).encode() + b"\n")
        while True:
            while b"\n" not in self._data:
                self._port.settimeout(max(deadline - time.monotonic(), 0.01))
                data = self._port.recv(1 << 16)
                assert data, "the machine has gone"
                self._data += data
            line, self._data = self._data.split(b"\n", 1)
            with suppress(ValueError, TypeError):
                answered, code, said = json.loads(line)
                if answered == mine:
                    return code, said

    def stop(self) -> None:
        """Shut it down as one should, and switch it off."""
        self.tell("poweroff")
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=300)
        self.cut_power()

    def cut_power(self) -> None:
        """What its kernel had not written is lost. Nothing to do where it is off."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._port.close()
