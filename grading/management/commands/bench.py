"""Measure models without a course: the engine in its sandbox, for whoever sits at this machine."""

import json
from argparse import ArgumentParser
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
from hardware.profiles import load_profiles

SEED = 0
REPORT_KEYS = (
    "format", "bytes", "sha256", "inputs", "outputs", "params", "macs", "weight_bits", "sparsity",
    "peak_activation_bytes",
)  # fmt: skip
USAGE, BAD_FILE = 2, 1


class Command(BaseCommand):
    """`manage.py bench [--device SLUG]... [--json] MODEL...`: no database, no broker, nothing but the files."""

    help = "Look into models, time them on this machine, and say which devices they fit."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("models", nargs="+", metavar="MODEL", help=".onnx, .tflite, .pt (TorchScript) or .pt2")
        parser.add_argument(
            "--device", action="append", default=[], metavar="SLUG", help="a device; all where not given"
        )
        parser.add_argument("--json", action="store_true", help="one JSON array on standard output and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        profiles = load_profiles()
        unknown = [slug for slug in options["device"] if slug not in profiles]
        if unknown:
            known = ", ".join(sorted(profiles))
            raise CommandError(f"{unknown[0]!r} is not a device known here. Known: {known}.", returncode=USAGE)
        chosen = {slug: profiles[slug] for slug in options["device"] or profiles}
        sandbox = self._sandbox()
        rows = []
        for name in options["models"]:
            row = measure_file(Path(name), chosen, sandbox)
            rows.append(row)
            if not options["json"]:
                self.stdout.write(as_text(row) + "\n")
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
        if any("error" in row for row in rows):
            raise SystemExit(BAD_FILE)

    def _sandbox(self) -> Sandbox:
        try:
            sandbox = detect(settings.BENCH_ISOLATION)
        except SandboxError as error:
            raise CommandError(f"{error} Set BENCH_ISOLATION to another isolation.", returncode=BAD_FILE) from error
        if sandbox.name == "limits":
            self.stderr.write("Only process limits isolate models here: install bubblewrap for more.")
        return sandbox


def measure_file(path: Path, profiles: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    """One file's row: what is in it, times, devices; or {file, error}. Also for a file that is not there."""
    try:
        if not path.is_file():
            raise BenchError("file_not_found", f"There is no file {str(path)!r}.")
        report = engine.inspect(path, sandbox=sandbox)
        measurement = engine.measure(path, report, sandbox=sandbox, inputs=None, seed=SEED)
    except BenchError as error:
        return {"file": path.name, "error": {"code": error.code, "message": error.message}}
    return _row(path, report, measurement, profiles)


def _row(path: Path, report: Report, measurement: Measurement, profiles: dict[str, Any]) -> dict[str, Any]:
    told = report.to_json()
    return {
        "file": path.name,
        **{key: told[key] for key in REPORT_KEYS},
        "host": measurement.host.summary(),
        "devices": {slug: fit(report, profile).to_json() for slug, profile in profiles.items()},
    }


def as_text(row: dict[str, Any]) -> str:
    """A row of the result as lines for a person."""
    if "error" in row:
        return f"{row['file']}\n  {row['error']['message']} [{row['error']['code']}]"
    host = row["host"]
    bits = ", ".join(f"{share:.0%} in {bits} bits" for bits, share in row["weight_bits"].items())
    facts = {
        "format": row["format"],
        "size": numbers.size(row["bytes"]),
        "inputs": ", ".join(_tensor(tensor) for tensor in row["inputs"]),
        "outputs": ", ".join(_tensor(tensor) for tensor in row["outputs"]),
        "work": numbers.macs(row["macs"]),
        "parameters": numbers.count(row["params"]),
        "weights": f"{bits or 'none'}; {row['sparsity']:.1%} zero",
        "peak memory": f"{numbers.size(row['peak_activation_bytes'])} of activations",
        "this machine": f"p50 {host['p50_ms']:.3g} ms, p90 {host['p90_ms']:.3g}, p99 {host['p99_ms']:.3g} "
        f"({host['runs']} runs; shown, not graded)",
    }
    lines = [row["file"], *(f"  {label:<14}{value}" for label, value in facts.items())]
    return "\n".join([*lines, *(_device(slug, verdict) for slug, verdict in row["devices"].items())])


def _tensor(tensor: dict[str, Any]) -> str:
    return f"{'x'.join(map(str, tensor['shape'])) or 'scalar'} {tensor['dtype']}"


def _device(slug: str, verdict: dict[str, Any]) -> str:
    return f"  {slug:<18}{'fits' if verdict['fits'] else 'does not fit'}: {' '.join(verdict['reasons'])}".rstrip(": ")
