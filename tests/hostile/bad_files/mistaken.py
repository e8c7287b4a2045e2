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

# Weights alone, under their own ending and under that of a model: headers that lie.
WEIGHTS = {
    "plain": (b"{}      ", None, "weights alone"), "head-2-60": (b"{}", 2**60, "a header of 2^60 bytes"), "head-minus": (b"{}", 2**64 - 1, "one of 2^64"),
    "head-short": (b'{"w":{}}', 3, "a header that ends within"), "no-json": (b"\xff" * 64, None, "a header of no text"),
    "deep": (b'{"a":' * 4000, None, "objects four thousand deep"),
    "overlap": (b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', None, "overlapping weights"),
    "outside": (b'{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}', None, "weights of 4 TiB"),
    "minus": (b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[8,0]}}', None, "weights that end before they begin"),
    "twice": (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', None, "one name twice"),
}  # fmt: skip


def _safetensors() -> Iterator[Case]:
    for word, (header, size, why) in WEIGHTS.items():
        content = (len(header) if size is None else size).to_bytes(8, "little") + header + bytes(16)
        for ending in ("safetensors", "pt"):
            yield Case(f"no-model-weights-{word}.{ending}", content, why)


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
    yield from _safetensors()
    yield Case("no-model.h5.onnx", b"\x08\x09" + bytes(100), "an ending before the ending")
