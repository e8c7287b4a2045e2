"""Which container image runs a format, and which images are believed: those that docker/bench-runner/build has recorded."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grading.bench import beforehand
from grading.bench.formats import Format
from hardware.ondevice.sandbox.layout import CODE, PROJECT
from hardware.ondevice.sandbox.request import SandboxError

HOW = "Run docker/bench-runner/build on the machine of the bench worker."
OUTSIDE = (Path("grading/bench/sandbox"), Path("hardware/ondevice/sandbox"), Path("hardware/ondevice/runner"))
ARM64, AMD64 = "linux/arm64", "linux/amd64"


@dataclass(frozen=True)
class Family:
    """One runtime: the pinned packages of its image, and what is imported before it is known whether a model is looked into or run."""

    packages: tuple[str, ...]
    preload: tuple[str, ...]


FAMILIES = {
    "onnxruntime": Family(
        ("numpy", "onnx", "onnxruntime"), (*beforehand.MEASURING[Format.ONNX], "grading.bench.inspection.onnx_format")
    ),
    "litert": Family(
        ("numpy", "ai-edge-litert", "flatbuffers"),
        (*beforehand.MEASURING[Format.TFLITE], "grading.bench.inspection.tflite_format"),
    ),
    "torch": Family(("numpy", "torch"), beforehand.TORCH),
}
FAMILY_OF = {"onnx": "onnxruntime", "tflite": "litert", "torchscript": "torch", "torch_export": "torch"}
# For what opens no model of a known format, such as the self-test: the smallest image that has numpy.
ANY_FAMILY = "onnxruntime"


@dataclass(frozen=True)
class Image:
    """An image that was built from this checkout. ``id``: sha256 of its content, as the engine names it."""

    family: str
    platform: str
    id: str


def key_of(family: str, platform: str) -> str:
    """The record's key for an image, as ``litert linux/arm64``."""
    return f"{family} {platform}"


def code_files() -> list[Path]:
    """All code of ours that an image holds, by its place in the project, in order. What starts sandboxes is not in it."""
    found = (path.relative_to(PROJECT) for folder in CODE for path in (PROJECT / folder).rglob("*.py"))
    return sorted(path for path in found if not any(map(path.is_relative_to, OUTSIDE)))


def code_sha256() -> str:
    """Hash of all code of ours that an image holds, as hexadecimal digits: names and contents, in order."""
    digest = hashlib.sha256()
    for path in code_files():
        content = (PROJECT / path).read_bytes()
        digest.update(f"{path} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def load(record: Path) -> dict[str, Any]:
    """The record as it stands; empty where there is none. Raises SandboxError where it cannot be read."""
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SandboxError(f"The record of images {record} cannot be read: {error}. {HOW}") from error
    return found if isinstance(found, dict) else {}


def save(record: Path, key: str, entry: dict[str, Any]) -> None:
    """Put one entry into the record. A reader sees the old or the new file, never a half."""
    record.parent.mkdir(parents=True, exist_ok=True)
    kept = load(record) | {key: entry}
    with tempfile.NamedTemporaryFile("w", dir=record.parent, delete=False, encoding="utf-8") as file:
        file.write(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    os.chmod(file.name, 0o644)
    os.replace(file.name, record)


def find(record: Path, family: str, platform: str) -> Image:
    """The image for a family. Raises SandboxError where none is recorded, or one that holds other code than ours."""
    entry = load(record).get(key_of(family, platform))
    if not isinstance(entry, dict) or not str(entry.get("id", "")).startswith("sha256:"):
        raise SandboxError(f"No image for {family} on {platform} is recorded in {record}. {HOW}")
    if entry.get("code") != code_sha256():
        raise SandboxError(f"The image for {family} on {platform} was built from other code than this. {HOW}")
    return Image(family, platform, str(entry["id"]))


def recorded(record: Path, platform: str) -> list[Image]:
    """All images for a platform. Raises SandboxError where there is none, or one of them holds other code than ours."""
    known = load(record)
    families = [family for family in FAMILIES if key_of(family, platform) in known]
    return [find(record, family, platform) for family in families or [ANY_FAMILY]]
