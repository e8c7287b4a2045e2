"""Look into one model file. Runs inside the sandbox and answers with one frame, `report` or `error`.

    python -m grading.bench.inspection MODEL --format onnx [--input-shape 1x1x8x8]... [--weightless] [--learns] --fd N --nonce HEX

Whatever goes wrong in here is the file's: parsers of strangers' files fail in many ways, and each becomes a coded sentence.
"""

import argparse
import importlib
import os
import sys
from hashlib import sha256
from pathlib import Path

from grading.bench.errors import BenchError
from grading.bench.formats import Format, sniff
from grading.bench.inspection.finite import check_finite
from grading.bench.inspection.memory import check_memory
from grading.bench.inspection.patterns import find_patterns
from grading.bench.report import Report, report_of
from hardware.ondevice.frames import write_frame


def look_into(
    path: Path,
    model_format: str,
    input_shapes: list[tuple[int, ...]],
    *,
    weightless: bool = False,
    learns: bool = False,
) -> Report:
    """The report of a file. weightless: also of an ONNX file that lacks its weights. learns: it is a training step. Raises BenchError."""
    if model_format not in set(Format):
        raise BenchError("unknown_format", f"{model_format} is not one of {', '.join(Format)}.")
    # Only the adapter that is needed is imported: torch alone takes seconds.
    adapter = importlib.import_module(f"grading.bench.inspection.{model_format}_format")
    options = {"weightless": True} if weightless and model_format == Format.ONNX else {}
    options |= {"learns": True} if learns and model_format == Format.TORCH_EXPORT else {}
    graph = adapter.read(path, input_shapes, **options)
    check_memory(graph)
    check_finite(graph)
    find_patterns(graph)
    content = path.read_bytes()
    return report_of(graph, size=len(content), sha256=sha256(content).hexdigest())


def _asked(options: argparse.Namespace, model_format: str, shapes: list[tuple[int, ...]]) -> Report:
    return look_into(options.model, model_format, shapes, weightless=options.weightless, learns=options.learns)


def main() -> int:
    parser = argparse.ArgumentParser(prog="grading.bench.inspection")
    parser.add_argument("model", type=Path)
    parser.add_argument("--format", default="")
    parser.add_argument("--input-shape", action="append", default=[])
    parser.add_argument("--weightless", action="store_true")
    parser.add_argument("--learns", action="store_true")
    parser.add_argument("--fd", type=int, default=1)
    parser.add_argument("--nonce", default="")
    options = parser.parse_args()
    shapes = [tuple(int(n) for n in text.split("x")) for text in options.input_shape]
    try:
        model_format = options.format or str(sniff(options.model, options.model.name))
        kind, body = "report", _asked(options, model_format, shapes).to_json()
    except BenchError as error:
        kind, body = "error", error.to_json()
    except MemoryError:
        kind, body = "error", BenchError("out_of_memory", "Reading this model needs more memory than the check has.",
                                         outcome="out_of_memory").to_json()  # fmt: skip
    except (OSError, ImportError) as error:
        # Our file system or our installation, never the student's file.
        kind, body = "error", BenchError("check_failed", f"The check could not work: {type(error).__name__}: {error}"[:300],
                                         outcome="infrastructure").to_json()  # fmt: skip
    except Exception as error:  # noqa: BLE001  the outermost frame of a process that reads hostile files
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        said = f"{type(error).__name__}: {error}".splitlines()[0][:160]
        kind, body = (
            "error",
            BenchError("damaged_model", f"This file cannot be read as a model ({said}). Export it again.").to_json(),
        )
    write_frame(options.fd, options.nonce, kind, body)
    sys.stdout.flush()
    os._exit(0)  # a runtime's exit handlers are a stranger's code too


if __name__ == "__main__":
    main()
