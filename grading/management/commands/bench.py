"""Measure models without a course: the engine in its sandbox, for whoever sits at this machine."""

import contextlib
import json
import os
import signal
import stat
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from courseplatform.core import numbers
from grading.bench import engine
from grading.bench.errors import BenchError
from grading.bench.fit import fit
from grading.bench.measurement import Measurement
from grading.bench.report import Report
from grading.bench.sandbox import Sandbox, SandboxError, detect
from hardware.ondevice.harness import shape
from hardware.profiles import load_profiles

SEED = 0
REPORT_KEYS = (
    "format", "bytes", "sha256", "inputs", "outputs", "params", "macs", "weight_bits", "sparsity",
    "peak_activation_bytes",
)  # fmt: skip
USAGE, BAD_FILE, INTERRUPTED = 2, 1, 130


class Command(BaseCommand):
    """`manage.py bench [--device SLUG]... [--input-shape 1x1x8x8]... [--json] MODEL...`: nothing but the files."""

    help = "Look into models, time them on this machine, and say which devices they fit."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("models", nargs="+", metavar="MODEL", help=".onnx, .tflite, .pt (TorchScript) or .pt2")
        parser.add_argument(
            "--device", action="append", default=[], metavar="SLUG", help="a device; all where not given"
        )
        parser.add_argument(
            "--input-shape", action="append", default=[], type=shape, metavar="SHAPE",
            help="with the batch, as 1x3x32x32; one for each input, where a model does not say",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="one JSON array on standard output and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        profiles = load_profiles()
        unknown = [slug for slug in options["device"] if slug not in profiles]
        if unknown:
            known = ", ".join(sorted(profiles))
            raise CommandError(f"{unknown[0]!r} is not a device known here. Known: {known}.", returncode=USAGE)
        chosen = {slug: profiles[slug] for slug in options["device"] or profiles}
        try:
            with ending_in_order():
                self._measure_all(options["models"], chosen, options["input_shape"], as_json=options["json"])
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has enough. Python would complain once more when it closes standard output.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(BAD_FILE) from None

    def _measure_all(
        self, models: list[str], profiles: dict[str, Any], shapes: list[tuple[int, ...]], *, as_json: bool
    ) -> None:
        sandbox = self._sandbox()
        rows = []
        for name in models:
            row, findings = measure_file(Path(name), profiles, sandbox, shapes)
            rows.append(row)
            if as_json:
                for finding in findings:
                    self.stderr.write(printable(f"{row['file']}: {finding}"))
            else:
                self.stdout.write(printable(as_text(row, findings)) + "\n")
                self.stdout.flush()
        if as_json:
            self.stdout.write(json.dumps(rows, indent=2, allow_nan=False))
            self.stdout.flush()
        if any("error" in row for row in rows):
            raise SystemExit(BAD_FILE)

    def _sandbox(self) -> Sandbox:
        try:
            sandbox = detect(settings.BENCH_ISOLATION)
        except SandboxError as error:
            raise CommandError(f"{error} Set BENCH_ISOLATION to another isolation.", returncode=BAD_FILE) from error
        if sandbox.name == "limits" and settings.BENCH_ISOLATION == "auto":
            self.stderr.write("Only process limits isolate models here: install bubblewrap for more.")
        return sandbox


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """SIGTERM and SIGHUP end this program as Ctrl-C does: what runs is killed, and copies of models go with it."""

    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def measure_file(
    path: Path, profiles: dict[str, Any], sandbox: Sandbox, shapes: list[tuple[int, ...]] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """One file's row (what is in it, times, devices; or {file, error}) and what was assumed or noticed, as sentences."""
    name = path.name or str(path)
    try:
        check_is_file(path)
        report = engine.inspect(path, sandbox=sandbox, input_shapes=shapes)
        measurement = engine.measure(path, report, sandbox=sandbox, inputs=None, seed=SEED)
    except BenchError as error:
        return {"file": name, "error": {"code": error.code, "message": error.message}}, []
    except OSError as error:
        return {
            "file": name,
            "error": {"code": "file_unreadable", "message": f"{name} cannot be read: {error.strerror}."},
        }, []
    told = [(finding.code, finding.sentence) for finding in report.findings]
    told += [(item["code"], item["sentence"]) for item in measurement.findings]
    return _row(path, report, measurement, profiles), [f"{sentence} [{code}]" for code, sentence in dict.fromkeys(told)]


def check_is_file(path: Path) -> None:
    """Raises BenchError for what is no ordinary file, OSError for what cannot be looked at."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise BenchError("file_not_found", f"There is no file {str(path)!r}.") from None
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise BenchError("not_a_file", f"{str(path)!r} is {what}, not a model file.")


def _row(path: Path, report: Report, measurement: Measurement, profiles: dict[str, Any]) -> dict[str, Any]:
    told = report.to_json()
    return {
        "file": path.name,
        **{key: told[key] for key in REPORT_KEYS},
        "host": measurement.host.summary(),
        "devices": {slug: fit(report, profile).to_json() for slug, profile in profiles.items()},
    }


def printable(text: str) -> str:
    """For a terminal: plain spaces, and names that a stranger chose without what would move the cursor or change colours."""
    plain = text.replace(numbers.NARROW, " ").replace(numbers.THIN, " ").replace("×", "x")
    shown = "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in plain)
    return shown.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8")


def as_text(row: dict[str, Any], findings: list[str]) -> str:
    """A row of the result as lines for a person."""
    name = row["file"].replace("\n", "\\n")
    if "error" in row:
        return f"{name}\n  {row['error']['message']} [{row['error']['code']}]"
    host = row["host"]
    bits = ", ".join(f"{numbers.share(share)} in {bits} bits" for bits, share in row["weight_bits"].items())
    facts = {
        "format": row["format"],
        "size": numbers.size(row["bytes"]),
        "inputs": ", ".join(_tensor(tensor) for tensor in row["inputs"]),
        "outputs": ", ".join(_tensor(tensor) for tensor in row["outputs"]),
        "work": numbers.macs(row["macs"]),
        "parameters": numbers.count(row["params"]),
        "weights": f"{bits or 'none'}; {numbers.share(row['sparsity'])} zero",
        "peak memory": f"{numbers.size(row['peak_activation_bytes'])} of activations",
        "this machine": f"p50 {numbers.digits(host['p50_ms'])} ms, p90 {numbers.digits(host['p90_ms'])}, "
        f"p99 {numbers.digits(host['p99_ms'])} ({host['runs']} runs; shown, not graded)",
    }
    lines = [name, *(f"  {label:<16}{value}" for label, value in facts.items())]
    lines += [f"  {'note':<16}{sentence}" for sentence in findings]
    for slug, verdict in row["devices"].items():
        lines.append(f"  {slug:<16}{'fits' if verdict['fits'] else 'does not fit'}")
        lines += [f"  {'':<16}{reason}" for reason in verdict["reasons"]]
    return "\n".join(lines)


def _tensor(tensor: dict[str, Any]) -> str:
    return f"{'x'.join(map(str, tensor['shape'])) or 'scalar'} {tensor['dtype']}"
