"""What is handed in by mistake or to try: no model at all."""

import gzip
import io
import tarfile
from collections.abc import Iterator

from tests.hostile.bad_files.case import Case, calls

ENDINGS = ("onnx", "tflite", "pt", "pt2")
HEADS = {
    "empty": (b"", "no bytes"), "one-byte": (b"\x08", "one byte"), "space": (b" " * 400, "spaces"),
    "text": (b"import os\nos.system('true')\n" * 20, "a program"),
    "pdf": (b"%PDF-1.7\n" + b"x" * 400, "a PDF"), "elf": (b"\x7fELF" + bytes(400), "a compiled library"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(400), "a picture"),
    "html": (b"<!DOCTYPE html><title>404</title>", "a page"), "json": (b'{"error": "not found"}', "JSON"), "gguf": (b"GGUF" + bytes(400), "a GGUF file"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(400), "a Keras file"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "a pointer of Git LFS"),
    "numpy": (b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,)}" + calls()["reduce"], "an array of objects"),
    "random": (bytes((i * 7919 + 13) % 256 for i in range(5000)), "noise"), "ones": (b"\xff" * 5000, "ones"), "zeros": (bytes(5000), "zeros"),
}  # fmt: skip


def cases() -> Iterator[Case]:
    for word, (content, why) in HEADS.items():
        for ending in ENDINGS:
            yield Case(f"no-model-{word}.{ending}", content, why)
    for word, pickled in calls().items():
        yield Case(f"no-model-call-{word}.pt", pickled, f"a bare pickle that calls a shell ({word})")
    yield Case("no-model-gzip.onnx", gzip.compress(bytes(100_000), mtime=0), "a gzip bomb", ("archive_not_model",))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../../up"), io.BytesIO(b""))
    yield Case(
        "no-model-tar.pt", archive.getvalue(), "a tar archive with a path out of its folder", ("archive_not_model",)
    )
    yield Case("no-ending", b"\x08\x09x", "a name without an ending")
    yield Case("no-model.safetensors", (8).to_bytes(8, "little") + b"{}      ", "weights alone")
    yield Case(
        "no-model-safetensors.pt", (2**60).to_bytes(8, "little") + b"{}", "weights alone, and a header of 2^60 bytes"
    )
    yield Case("no-model.h5.onnx", b"\x08\x09" + bytes(100), "an ending before the ending")
