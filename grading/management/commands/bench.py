"""Measure models without a course: the engine in its sandbox, for whoever sits at this machine."""

import contextlib
import hashlib
import json
import os
import re
import signal
import stat
import sys
import traceback
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from grading.bench import engine
from grading.bench.architectures.spec import load_spec
from grading.bench.cost.predict import Instead
from grading.bench.errors import BenchError
from grading.bench.fit import WIDTHS, has_weights
from grading.bench.formats import Format, sniff
from grading.bench.on_device import Choice, agreed_json, device_json
from grading.bench.report import Report, report_of
from grading.bench.sandbox import Budget, Limits, Sandbox, SandboxError, detect
from grading.bench.step_timing import timed
from grading.bench.training.on_device import as_training, training_json
from grading.bench.training.setting import Setting
from grading.bench_command import pipeline as bench_pipeline
from grading.bench_command.text import as_text, printable
from grading.spec import SpecError
from grading.spec.training import read_training
from hardware.ondevice.harness import shape
from hardware.ondevice.plain import plain_sentence
from hardware.profiles import RUNTIMES, DeviceProfile, load_profiles, today_slug

SEED = 0
FILE_S = 50.0  # for one file in all its processes; ending them, and reading the file, take the rest of a minute
REPORT_KEYS = (
    "format", "bytes", "sha256", "inputs", "outputs", "params", "macs", "weight_bits", "sparsity",
    "peak_activation_bytes",
)  # fmt: skip
USAGE, BAD_FILE, INTERRUPTED = 2, 1, 130
MOST_THREADS = 64
VERSION = re.compile(r"v?[0-9][0-9A-Za-z._-]{0,30}")
Profiles = dict[str, DeviceProfile]
Answer = tuple[dict[str, Any], list[str]]  # a row, and what was assumed or noticed


class Command(BaseCommand):
    """`manage.py bench [--device SLUG]... [--runtime NAME[@VERSION]] [--json] MODEL...`: nothing but the files."""

    help = "Look into models, time them on this machine, and say which devices they fit."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("models", nargs="*", metavar="MODEL", help=".onnx, .tflite, .pt (TorchScript) or .pt2")
        parser.add_argument(
            "--arch", action="append", default=[], metavar="SPEC.json",
            help="a network described without weights (docs/arch-spec.md): counted and predicted, not run",
        )  # fmt: skip
        parser.add_argument(
            "--device", action="append", default=[], metavar="SLUG", help="a device; all where not given"
        )
        parser.add_argument(
            "--input-shape", action="append", default=[], type=shape, metavar="SHAPE",
            help="with the batch, as 1x3x32x32; one for each input, where a model does not say",
        )  # fmt: skip
        parser.add_argument(
            "--runtime", type=runtime, metavar="NAME[@VERSION]", help=f"of the prediction: {', '.join(RUNTIMES)}"
        )
        parser.add_argument(
            "--threads", type=threads, metavar="N", help="of the prediction; the calibrated ones where not given"
        )
        parser.add_argument(
            "--precision",
            type=precision,
            metavar="|".join(WIDTHS),
            help="as if the model were stored so; as it is where not given",
        )
        parser.add_argument(
            "--training", dest="training", action="store_const", const=Setting(), help="what one update step costs too"
        )
        parser.add_argument(
            "--training-as", dest="training", type=training, metavar="JSON",
            help='the same, as a lab says it: {"methods": ["full", "bias"], "optimizer": "adam", "batch": 8}',
        )  # fmt: skip
        parser.add_argument(
            "--pipeline",
            nargs="+",
            default=[],
            metavar="MODEL",
            help="models that run one after the other: each by itself, and all together",
        )
        parser.add_argument(
            "--calls", type=bench_pipeline.calls, metavar="N,N", help="how often each model of the pipeline runs for one input; once each where not given"
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="one JSON array on standard output and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        work = Work(
            profiles=self._chosen(options["device"]),
            choice=Choice(options["runtime"], options["precision"], options["threads"]),
            shapes=options["input_shape"],
            training=options["training"],
            pipeline=options["pipeline"],
            calls=options["calls"] or [1] * len(options["pipeline"]),
        )
        if not options["models"] and not options["arch"] and not options["pipeline"]:
            raise CommandError("Name a model, or a described network with --arch SPEC.json.", returncode=USAGE)
        if wrong := bench_pipeline.wrong_number(options["pipeline"], options["calls"]):
            raise CommandError(wrong, returncode=USAGE)
        try:
            with ending_in_order():
                self._measure_all(options["models"], options["arch"], work, as_json=options["json"])
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has enough. Python would complain once more when it closes standard output.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(BAD_FILE) from None

    def _chosen(self, given: list[str]) -> Profiles:
        profiles = load_profiles()
        slugs = [today_slug(slug) for slug in given]
        if unknown := [slug for slug in slugs if slug not in profiles]:
            known = ", ".join(sorted(profiles))
            raise CommandError(f"{unknown[0]!r} is not a device known here. Known: {known}.", returncode=USAGE)
        return {slug: profiles[slug] for slug in slugs or profiles}

    def _measure_all(self, models: list[str], described: list[str], work: "Work", *, as_json: bool) -> None:
        rows = []
        for row, findings in self._each(models, described, work):
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

    def _each(
        self, models: list[str], described: list[str], work: "Work"
    ) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """Models in their order, then descriptions in theirs; these need no sandbox: they are text that is only counted."""
        sandbox = self._sandbox() if models or work.pipeline else None
        for name in models:
            if sandbox is not None:
                yield measure_file(Path(name), work, sandbox)
        for name in described:
            yield count_description(Path(name), work)
        if work.pipeline and sandbox is not None:
            yield measure_pipeline(work, sandbox)

    def _sandbox(self) -> Sandbox:
        try:
            sandbox = detect(settings.BENCH_ISOLATION, settings.BENCH_IMAGES)
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


@dataclass(frozen=True)
class Work:
    """What is asked of every file."""

    profiles: Profiles
    choice: Choice
    shapes: list[tuple[int, ...]]
    training: Setting | None = None
    pipeline: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


def measure_pipeline(work: Work, sandbox: Sandbox) -> Answer:
    """The row of several models in a row: as that of one, with `stages` and `frames_per_second` besides."""
    paths = [Path(name) for name in work.pipeline]
    return _guarded(
        " + ".join(path.name or str(path) for path in paths), lambda name: _together(paths, name, work, sandbox)
    )


def measure_file(path: Path, work: Work, sandbox: Sandbox) -> Answer:
    """One file's row (what is in it, times, devices; or {file, error}) and what was assumed or noticed, as sentences."""
    return _answered(path, lambda name: _measured(path, name, work, sandbox))


def count_description(path: Path, work: Work) -> Answer:
    """The row of a network that is described and not there: counted and predicted, never run."""
    return _answered(path, lambda name: _described(path, name, work))


def _answered(path: Path, answer: Callable[[str], Answer]) -> Answer:
    def checked(name: str) -> Answer:
        check_is_file(path)
        return answer(name)

    return _guarded(path.name or str(path), checked)


def _guarded(name: str, answer: Callable[[str], Answer]) -> Answer:
    try:
        return answer(name)
    except BenchError as error:
        return _refused(name, error.code, error.message), []
    except OSError as error:
        return _refused(name, "file_unreadable", f"{name} cannot be read: {error.strerror}."), []
    except Exception as error:  # noqa: BLE001  one file must not take the answers to all others with it
        where = "".join(traceback.format_exception(error)[-2:])
        print(f"{name!a}: {where}", file=sys.stderr)
        return _refused(name, "bench_failed", f"{name} could not be measured because of a fault in bench itself."), []


def _measured(path: Path, name: str, work: Work, sandbox: Sandbox) -> Answer:
    limits = Limits(budget=Budget(FILE_S))
    try:
        report = engine.inspect(path, sandbox=sandbox, input_shapes=work.shapes, weightless=True, limits=limits)
    except BenchError as error:
        if error.code != "stateful_model" or sniff(path, name) != Format.TORCH_EXPORT:
            raise
        return _step_measured(path, name, work, sandbox, limits)
    told = [(finding.code, finding.sentence) for finding in report.findings]
    if has_weights(report):
        measurement = engine.measure(path, report, sandbox=sandbox, inputs=None, seed=SEED, limits=limits)
        host = measurement.host.summary()
        told += [(item["code"], item["sentence"]) for item in measurement.findings]
    else:
        host = not_run(report.absent_weights)
    return _row(name, report, host, work), [f"{said} [{code}]" for code, said in dict.fromkeys(told)]


def _together(paths: list[Path], name: str, work: Work, sandbox: Sandbox) -> Answer:
    report, measurement, rows = bench_pipeline.measured(
        paths,
        work.calls,
        sandbox=sandbox,
        limits=lambda: Limits(budget=Budget(FILE_S)),
        check=check_is_file,
        shapes=work.shapes,
    )
    told = [f"{finding.sentence} [{finding.code}]" for finding in report.findings]
    told += [f"{item['sentence']} [{item['code']}]" for item in measurement.findings]
    row = _row(name, report, measurement.host.summary(), replace(work, training=None))
    return row | bench_pipeline.stages_json(report, rows, work.profiles, work.choice), list(dict.fromkeys(told))


def _step_measured(path: Path, name: str, work: Work, sandbox: Sandbox, limits: Limits) -> Answer:
    """A program that changes what it keeps: counted, and called with made-up batches, if it is a training step."""
    report = engine.inspect(path, sandbox=sandbox, input_shapes=work.shapes, learns=True, limits=limits)
    trained = timed(path, report, sandbox=sandbox, limits=limits)
    said = [
        f"A training step of {report.inputs[0].shape[0]} inputs: called with made-up ones, and counted as one step [training_step]",
        f"PyTorch allocated {trained.facts['peak_bytes']:,} bytes at the fullest moment of a step [step_peak_bytes]",
    ]
    said += [f"{item.sentence} [{item.code}]" for item in report.findings if item.code != "batch_above_one"]
    return _row(name, report, trained.host.summary(), work, as_training(report)), said


def _described(path: Path, name: str, work: Work) -> Answer:
    graph = load_spec(path)
    content = path.read_bytes()
    report = report_of(graph, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    host = not_run(report.absent_weights or "It is a description without weights; nothing of it can be run.")
    return _row(name, report, host, work), [f"{item.sentence} [{item.code}]" for item in report.findings]


def not_run(reason: str) -> dict[str, Any]:
    return {"runs": 0, "p50_ms": None, "p90_ms": None, "p99_ms": None, "reason": reason}


def _refused(name: str, code: str, message: str) -> dict[str, Any]:
    return {"file": name, "error": {"code": code, "message": plain_sentence(message)}}


def check_is_file(path: Path) -> None:
    """Raises BenchError for what is no ordinary file, OSError for what cannot be looked at."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise BenchError("file_not_found", f"There is no file {str(path)!r}.") from None
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise BenchError("not_a_file", f"{str(path)!r} is {what}, not a model file.")


def _row(name: str, report: Report, host: dict[str, Any], work: Work, instead: Instead | None = None) -> dict[str, Any]:
    told = report.to_json()
    devices = {slug: device_json(report, profile, work.choice, instead) for slug, profile in work.profiles.items()}
    row = {
        "file": name,
        **{key: told[key] for key in REPORT_KEYS},
        "host": host,
        "devices": {slug: agreed_json(device) for slug, device in devices.items()},
    }
    if work.training is None or instead is not None:
        return row
    return row | {"training": training_json(report, work.profiles, work.training, work.choice)}


def runtime(text: str) -> str:
    """Raises ArgumentTypeError: a name that no calibration can have, or a version that is none."""
    name, at, version = text.partition("@")
    if name not in RUNTIMES:
        raise ArgumentTypeError(f"{text[:60]!r} is not a runtime known here. Known: {', '.join(RUNTIMES)}.")
    if at and not VERSION.fullmatch(version):
        raise ArgumentTypeError(f"{version[:60]!r} is not a version. Write it as tflite@2.4.1.")
    return text


def training(text: str) -> Setting:
    """Raises ArgumentTypeError: no JSON, or nothing that a lab could say."""
    try:
        return read_training(json.loads(text), "training")
    except ValueError as error:
        raise ArgumentTypeError(str(error) if isinstance(error, SpecError) else f"{text[:60]!r} is not JSON.") from None
    except RecursionError:
        raise ArgumentTypeError("This JSON is nested too deep.") from None


def threads(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_THREADS:
        raise ArgumentTypeError(f"{text[:60]!r} is not a number of threads from 1 to {MOST_THREADS}.")
    return int(text)


def precision(text: str) -> str:
    if text not in WIDTHS:
        raise ArgumentTypeError(f"{text[:60]!r} is not a precision. Known: {', '.join(WIDTHS)}.")
    return text
