"""Calibrates this machine as a board and predicts networks that no sweep holds: prints predicted beside measured.

    python -m tests.load.board_calibration [--windows 3] [--percentile 50] [--csv PATH]

The sweep is measured by the agent's own command (`milliamp-runner bench`), each network in as many fresh processes, in turn; the networks
that are to be predicted are measured in the same turns. Exits with 1 where fewer than three quarters of the predictions that are not
flagged hold the measured time in their 90 % interval. Where others work on the machine, a median is mostly their time: take a low percentile then.
"""

import argparse
import csv
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from grading.bench.architectures.catalogue import build
from grading.bench.architectures.onnx_writer import write_onnx
from grading.bench.cost.coefficients import Calibrations
from grading.bench.cost.predict import predict
from grading.bench.cost.published import COLUMNS, read_rows
from grading.bench.cost.refitting import refit
from grading.bench.cost.sweep import networks
from grading.bench.cost.table import sweep_lines
from grading.bench.report import report_of
from hardware.ondevice.runner.isolation import find
from hardware.ondevice.runner.offline import Asked, measure
from hardware.ondevice.stats import percentile
from hardware.profiles import load_profiles
from tests.load.figures import figure, say, table

# Of families that are in no sweep, or of a depth and size that is not.
UNSEEN = [
    ("mnasnet", {"variant": "b1", "width": 0.5, "resolution": 96}), ("mnasnet", {"variant": "a1", "width": 0.5, "resolution": 128}),
    ("mobilenet_v3_large", {"width": 0.5, "resolution": 96}), ("mobilenet_v3_large", {"width": 0.5, "resolution": 96, "minimalistic": True}),
    ("efficientnet_b", {"variant": 0, "resolution": 64}), ("resnet", {"depth": 34, "resolution": 32}),
    ("efficientnet_edgetpu", {"size": "s", "resolution": 64}),
    ("densenet", {"depth": 169, "resolution": 32}), ("yolov5n", {"resolution": 64}), ("alexnet", {"resolution": 96}),
    ("shufflenet_v2", {"width": 1.0, "resolution": 64}), ("squeezenet", {"version": "1.0", "resolution": 96}),
]  # fmt: skip


def main() -> int:
    options = _options()
    unseen = {
        f"{name} {' '.join(map(str, given.values()))}": build(name, **given | {"classes": 10}) for name, given in UNSEEN
    }
    files = {name: network.file("onnx") for name, network in networks().items()}
    files |= {name: write_onnx(graph) for name, graph in unseen.items()}
    times, version = _measured(files, options.windows, options.percentile)
    with tempfile.TemporaryDirectory() as folder:
        sweep = Path(options.csv or Path(folder) / "sweep.csv")
        _write(sweep, {name: times[name] for name in networks()}, version)
        found = refit(list(read_rows(sweep)))
    say("\n".join(sweep_lines([(found.coefficients.group, found.judgement.to_json())])))
    known = Calibrations(datetime.now(UTC).date().isoformat(), {found.coefficients.group: found.coefficients})
    row = table("never in a sweep|44", "measured, ms|.3f", "predicted|.3f", "off|+.1%", "interval|<")
    errors, holds = [], 0
    for name, graph in unseen.items():
        said = predict(
            report_of(graph, size=0, sha256=""), load_profiles()["laptop"], "onnxruntime", calibrations=known
        )
        low, high = said.latency_interval_ms
        if not said.extrapolated:
            errors.append(abs(said.latency_ms / times[name] - 1))
            holds += low <= times[name] <= high
        ends = f"{low:.3f} to {high:.3f}{'  ' + said.flags[0] if said.extrapolated else ''}"
        row(name, times[name], said.latency_ms, said.latency_ms / times[name] - 1, ends)
    stated = 100 * found.judgement.family_out_median
    told = f"{len(errors)} that are not flagged: median error {100 * median(errors):.1f} %, stated {stated:.1f} %"
    say(f"{told}; {holds} inside their interval")
    return 0 if holds >= 0.75 * len(errors) else 1


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--windows", type=int, default=3, help="fresh processes a network")
    made.add_argument("--percentile", type=float, default=50, help="of the times of each process")
    made.add_argument("--csv", help="keep the rows of the sweep here")
    return made.parse_args()


def _measured(files: dict[str, bytes], windows: int, share: float) -> tuple[dict[str, float], str]:
    """(network -> median of that percentile of its windows in ms, version of the runtime)."""
    isolation, medians, version = find("milliamp-load"), {name: [] for name in files}, ""
    try:
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model.onnx"
            for turn in range(windows):
                for place, (name, data) in enumerate(files.items()):
                    model.write_bytes(data)
                    frames = dict(measure(Asked(model), isolation)["result"]["frames"])
                    medians[name].append(percentile(frames["latency"]["samples_ms"], share))
                    version = frames["environment"]["runtime_version"]
                    print(f"\rwindow {turn + 1} of {windows}, {place + 1} of {len(files)}", end="", file=sys.stderr)
                    model.unlink()
    finally:
        isolation.close()
        print(file=sys.stderr)
    return {name: median(values) for name, values in medians.items()}, version


def _write(path: Path, times: dict[str, float], version: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows(
            ["laptop", name, f"onnxruntime@{version}", "fp32", 1, f"{ms:.6g}", "", "this machine (stat=p50)"]
            for name, ms in times.items()
        )


if __name__ == "__main__":
    sys.exit(figure(main))
