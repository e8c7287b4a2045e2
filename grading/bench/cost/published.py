"""Published latencies with labels that agree: one board, runtime, version, precision and thread count has one name.

The file keeps the words of its sources; what they mean is told here, and what cannot be used says why.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

from grading.bench.architectures.catalogue import build
from grading.bench.architectures.spec import load_spec
from grading.bench.cost.sweep import PREFIX, networks
from grading.bench.errors import BenchError
from grading.bench.graph import Graph

FOLDER = Path(__file__).resolve().parents[3] / "hardware" / "published"
COLUMNS = ("device", "model", "runtime", "precision", "threads", "latency_ms", "energy_mJ", "source")
UNKNOWN = "unknown"
BOARDS = (
    (r"raspberry pi 4b", "rpi-4b"), (r"raspberry pi 3b\+", "rpi-3b-plus"), (r"raspberry pi zero w", "rpi-zero-w"),
    (r"jetson nano", "jetson-nano"), (r"coral dev board", "coral-dev"), (r"nucleo-h7a3zi", "nucleo-h7a3zi"),
    (r"nucleo-l4r5zi", "nucleo-l4r5zi"), (r"nucleo-u575zi", "nucleo-u575zi"), (r"nucleo-g0b1re", "nucleo-g0b1re"),
    (r"cy8cproto", "cy8cproto-062"), (r"disco-f746ng", "stm32f746"),
)  # fmt: skip
RUNTIMES = (
    (r"onnx ?runtime", "onnxruntime"), (r"edge tpu", "edgetpu"), (r"tensorrt", "tensorrt"), (r"tflite|tensorflow lite", "tflite"), (r"armnn", "armnn"),
    (r"ncnn", "ncnn"), (r"xnnpack", "xnnpack"), (r"x-cube-ai", "x-cube-ai"), (r"microtvm[-_ ]cmsis", "microtvm-cmsis-nn"),
    (r"microtvm", "microtvm"), (r"onnc.*mbed", "onnc-mbed"), (r"onnc", "onnc-zephyr"), (r"hale", "hale"),
    (r"plumerai", "plumerai"), (r"pytorch", "pytorch"), (r"tflm", "tflm"), (r"tinyengine", "tinyengine"),
)  # fmt: skip
# A row of an own sweep names the description of its network, a file beside the table.
DESCRIBED = "described"
# One of the networks that every calibration of a board measures (sweep.py).
SWEPT = "swept"
TINY = {"AD": "toycar_autoencoder", "IC": "resnet8", "KWS": "dscnn", "VWW": "visual_wake_words"}
# What a table calls a network -> family, architecture, parameters.
NAMED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "resnet18": ("resnet", "resnet", {"depth": 18}), "resnet50": ("resnet", "resnet", {"depth": 50}),
    "resnet50 224": ("resnet", "resnet", {"depth": 50}), "resnet152 224": ("resnet", "resnet", {"depth": 152}),
    "vgg16": ("vgg", "vgg", {"depth": 16}), "googlenet": ("inception", "googlenet", {}),
    "InceptionV1 224": ("inception", "googlenet", {"fifth": 3}),
    # ncnn's benchmark runs it at 227.
    "squeezenet": ("squeezenet", "squeezenet", {"version": "1.1", "resolution": 227}),
    "squeezenet1_1 224": ("squeezenet", "squeezenet", {"version": "1.1"}),
    "mobilenet": ("mobilenet-v1", "mobilenet_v1", {"classes": 1000}), "MobileNetV1 1.0": ("mobilenet-v1", "mobilenet_v1", {}),
    "mobilenet_v2": ("mobilenet-v2", "mobilenet_v2", {"classes": 1000}), "MobileNetV2 1.0": ("mobilenet-v2", "mobilenet_v2", {}),
    "MobileNetV2 224": ("mobilenet-v2", "mobilenet_v2", {}),
    "MobileNetV2-SSD 224": ("ssd", "ssd_mobilenet_v2", {"resolution": 224}),
    "efficientnet_b0": ("efficientnet", "efficientnet_b", {"variant": 0}),
    "EfficientNet-EdgeTPU-S": ("efficientnet-edgetpu", "efficientnet_edgetpu", {"size": "s"}),
    "shufflenet_v2_x1_0": ("shufflenet-v2", "shufflenet_v2", {"width": 1.0}),
    "shufflenet_v2_x2_0": ("shufflenet-v2", "shufflenet_v2", {"width": 2.0}),
    "YOLOv5n": ("yolo", "yolov5n", {}),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One published measurement.

    device, threads_said: the words of the source. threads: a number as text, "gpu", "tpu" or "unknown". statistic: of the
    latency. fan: "on", "off", "" where not said. meter: how power was taken. architecture, parameters: of the network; unused:
    why the row cannot be used, "" where it can.
    """

    line: int
    device: str
    board: str
    model: str
    family: str
    architecture: str
    parameters: tuple[tuple[str, Any], ...]
    runtime: str
    version: str
    precision: str
    threads: str
    threads_said: str
    latency_ms: float
    energy_mj: float | None
    statistic: str
    fan: str
    meter: str
    source: str
    unused: str = ""

    @property
    def network(self) -> tuple[str, tuple[tuple[str, Any], ...]]:
        return self.architecture, self.parameters

    @property
    def group(self) -> str:
        """Board, runtime and version, precision and threads: what a set of coefficients belongs to."""
        engine = f"{self.runtime}@{self.version}" if self.version else self.runtime
        return f"{self.board}/{engine}/{self.precision}/{self.threads}"

    def graph(self) -> Graph:
        """Of the network, in floats: the cost model counts bytes at the precision of the row."""
        if self.architecture == DESCRIBED:
            return load_spec(Path(dict(self.parameters)["path"]))
        if self.architecture == SWEPT:
            return networks()[dict(self.parameters)["name"]].graph()
        return build(self.architecture, **dict(self.parameters))


@cache
def published_rows(folder: Path = FOLDER) -> tuple[Row, ...]:
    """All rows of the file in the tree, the unused ones too."""
    return read_rows(folder / "latency.csv")


def read_rows(path: Path) -> tuple[Row, ...]:
    """Rows of a table with the columns COLUMNS.

    Raises:
        BenchError: bad_measurements, naming line and column.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise BenchError(
                "bad_measurements", f"{path.name} lacks the column {missing[0]}. It needs {', '.join(COLUMNS)}."
            )
        return tuple(_row(path, reader.line_num, raw) for raw in reader)


def _row(path: Path, line: int, raw: dict[str, str | None]) -> Row:
    file = path.name
    text = {name: (raw.get(name) or "").strip() for name in COLUMNS}
    latency = _number(file, line, "latency_ms", text["latency_ms"])
    energy = _number(file, line, "energy_mJ", text["energy_mJ"]) if text["energy_mJ"] else None
    family, architecture, parameters = network_of(text["model"], path.parent)
    labels = {
        "board": _match(BOARDS, text["device"]) or _own_board(architecture, text["device"]), "runtime": _match(RUNTIMES, text["runtime"]),
        "version": _version(text["runtime"]), "precision": _precision(text["precision"]), "threads": _threads(text["threads"]),
    }  # fmt: skip
    return Row(
        line=line, device=text["device"], threads_said=text["threads"], model=text["model"], family=family,
        architecture=architecture, parameters=tuple(sorted(parameters.items())),
        latency_ms=latency, energy_mj=energy, source=text["source"], **labels, **conditions(text["source"]),
        unused=_unused(labels, architecture),
    )  # fmt: skip


def _number(file: str, line: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or not 0 < value < 1e9:
        said = f"{file}, line {line}: {column} is {text[:40]!r}, which is no positive number."
        raise BenchError("bad_measurements", f"{said} Give it in milliseconds or millijoules.")
    return value


def _unused(labels: dict[str, str], architecture: str) -> str:
    if not architecture:
        return "the network is not among those that are built from their paper"
    lacking = [name for name in ("board", "runtime", "precision") if labels[name] in ("", UNKNOWN)]
    return f"the source does not say the {lacking[0]}, or it is not known here" if lacking else ""


def _match(table: tuple[tuple[str, str], ...], text: str) -> str:
    """The name that belongs to a text: by its words, or because it is that name already."""
    lower = text.lower()
    named = next((name for _, name in table if lower.split("@")[0] == name), "")
    return named or next((name for pattern, name in table if re.search(pattern, lower)), "")


def _own_board(architecture: str, text: str) -> str:
    """A board that nobody has published anything of: an own sweep calls it by the `board` of its profile."""
    return text if architecture in (SWEPT, DESCRIBED) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) else ""


def _version(text: str) -> str:
    found = re.search(r"(?<![\w.])v?(\d+\.\d+(?:\.\d+)*)", text.replace("-", " ").replace("@", " "))
    if not found or "hale" in text.lower():
        return ""
    # 8.1.0 and 8.1 are one release.
    return found[1].removesuffix(".0") if found[1].count(".") == 2 else found[1]


def _precision(text: str) -> str:
    return next((name for name in ("fp32", "fp16", "int8") if text.lower().startswith(name)), UNKNOWN)


def _threads(text: str) -> str:
    lower = text.lower()
    if lower in ("gpu", "tpu"):
        return lower
    found = re.match(r"\d+", lower)
    return found[0] if found else UNKNOWN


def conditions(source: str) -> dict[str, str]:
    """Statistic, fan and meter as far as the source says them."""
    statistic = next((name for name in ("p50", "p90") if f"stat={name}" in source), "")
    if not statistic:
        statistic = "median" if "median throughput" in source else "mean"
    fan = next((state for state in ("on", "off") if f"fan {state}" in source or f"fan.{state}" in source), "")
    meter = "power monitor, board supply" if "uJ/inf" in source else ""
    if "energy=official" in source:
        meter = "MLPerf power, wall"
    elif "energy DERIVED" in source:
        meter = "Yokogawa WT333E, wall, 1 Hz"
    return {"statistic": statistic, "fan": fan, "meter": meter}


def network_of(model: str, folder: Path = FOLDER) -> tuple[str, str, dict[str, Any]]:
    """(family, architecture, parameters) of a network as a table calls it; empty texts where it cannot be built.

    A name that ends in .json is a description (docs/arch-spec.md) in the folder of the table, a family of its own.
    """
    if model.endswith(".json"):
        return f"described {model}", DESCRIBED, {"path": str(folder / model)}
    if model.startswith(PREFIX):
        swept = networks().get(model)
        return (swept.family, SWEPT, {"name": model}) if swept else ("", "", {})
    if model in NAMED:
        return NAMED[model]
    if found := re.fullmatch(r"mobilenet-v([12])-([\d.]+)-(\d+)", model):
        name = f"mobilenet_v{found[1]}"
        return f"mobilenet-v{found[1]}", name, {"width": float(found[2]), "resolution": int(found[3])}
    if found := re.fullmatch(r"efficientnet-lite([0-4])", model):
        return "efficientnet-lite", "efficientnet_lite", {"variant": int(found[1])}
    if found := re.match(r"MLPerfTiny-(AD|IC|KWS|VWW)\b", model):
        return TINY[found[1]].replace("_", "-"), TINY[found[1]], {}
    return "", "", {}
