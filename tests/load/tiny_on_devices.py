"""The six reference models of MLPerf Tiny on every device, beside what was published for them. Prints one table.

python -m tests.load.tiny_on_devices

Each line: model, device, runtime, predicted latency with its interval, and published latencies of that group. Not graded: nothing
here is a test, and a published figure of another board stands beside the device only where that board stands in for it.
"""

import sys

from grading.bench.cost.predict import predict
from grading.bench.cost.prediction import Prediction
from grading.bench.cost.published import Row, published_rows
from grading.bench.inspection.__main__ import look_into
from grading.bench.report import Report
from hardware.profiles import DeviceProfile, load_profiles
from tests.load.figures import figure, not_shown, table
from tests.parts import REFERENCE_MODELS, find

MODELS = {
    "ad01_int8": "toycar_autoencoder", "ic_resnet8_int8": "resnet8", "ic_resnet8_fp32": "resnet8", "kws_dscnn_int8": "dscnn",
    "kws_dscnn_fp32": "dscnn", "vww_mobilenet_int8": "visual_wake_words",
}  # fmt: skip
HEADS = ("model|20", "device|<18", "calibration|<38", "ms|10.4g", "90 % interval|22", "mJ|10.3g", "published, ms|<")


def main() -> int:
    version, why = find("reference_models")
    if not version:
        return not_shown(why)
    row = table(*HEADS)
    for model, architecture in MODELS.items():
        report = look_into(REFERENCE_MODELS / f"{model}.tflite", "tflite", [])
        precision = "int8" if model.endswith("int8") else "fp32"
        for profile in load_profiles().values():
            for line in lines(report, profile, precision, architecture):
                row(model, *line)
    return 0


def lines(report: Report, profile: DeviceProfile, precision: str, architecture: str) -> list[tuple[object, ...]]:
    """The default runtime, and each that published a figure of this network on this device or its stand-in."""
    rows = [row for row in published_rows() if row.architecture == architecture and row.precision == precision]
    default = predict(report, profile, precision=precision)
    found = {default.calibration.group if default.calibration else "": default}
    for runtime in sorted({f"{row.runtime}@{row.version}" if row.version else row.runtime for row in rows}):
        other = predict(report, profile, runtime, precision)
        if other.calibration and any(row.group == other.calibration.group for row in rows):
            found.setdefault(other.calibration.group, other)
    return [line(profile.slug, prediction, rows) for prediction in found.values()]


def line(slug: str, found: Prediction, rows: list[Row]) -> tuple[object, ...]:
    if found.latency_ms is None or found.latency_interval_ms is None or found.calibration is None:
        return slug, "none", None, "", None, found.reason[:110]
    low, high = found.latency_interval_ms
    known = [row.latency_ms for row in rows if row.group == found.calibration.group]
    shown = f"{min(known):.4g} to {max(known):.4g}" if len(known) > 1 else "".join(f"{ms:.4g}" for ms in known)
    mark = " (extrapolated)" if found.extrapolated else ""
    return (
        slug,
        found.calibration.group,
        found.latency_ms,
        f"{low:.4g} to {high:.4g}",
        found.energy_mj,
        f"{shown or '-'}{mark}",
    )


if __name__ == "__main__":
    sys.exit(figure(main))
