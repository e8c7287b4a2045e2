"""Files that are handed in for a model and are none, or of a kind that nothing here runs: what each is, and what to do.

Told from first bytes, from the names in a zip directory, and last from the ending of a name. Standard library only.
"""

import re

from grading.bench.errors import BenchError

TAKEN = "a model as .onnx, .tflite, .pt (TorchScript) or .pt2 (torch.export)"
SAVE_TORCH = "Save the model with torch.jit.save (.pt) or torch.export.save (.pt2), or export it to ONNX."
CONVERT_KERAS = "Convert the model with tf.lite.TFLiteConverter (.tflite) or tf2onnx (.onnx)."
FROM_FLOWER = "Load these weights into the model on the server, and export that: torch.onnx.export or torch.jit.save."
BEFORE_COMPILING = f"Hand in, from before compilation, {TAKEN}."
# First bytes -> code, what it is, what to do.
MAGIC: tuple[tuple[bytes, str, str, str], ...] = (
    (b"%PDF", "pdf_not_model", "a PDF", "Here a model is handed in; reports go where the course staff say."),
    (b"\x7fELF", "binary_not_model", "a compiled library, as TVM makes them", BEFORE_COMPILING),
    (
        b"\xb7\x9c\x04\x05\x4f\x8d\xe5\xf7",
        "tvm_not_model",
        "a file of TVM parameters without a graph",
        BEFORE_COMPILING,
    ),
    (b"\x89HDF", "hdf5_not_model", "an HDF5 file, as Keras saves them", CONVERT_KERAS),
    (b"\x93NUMPY", "checkpoint_not_model", "a NumPy array, not a model", FROM_FLOWER),
    (b"\x1f\x8b", "archive_not_model", "a gzip archive", f"Hand in, as one file, {TAKEN}."),
    (b"\xfd7zXZ", "archive_not_model", "an xz archive", f"Hand in, as one file, {TAKEN}."),
    (b"BZh", "archive_not_model", "a bzip2 archive", f"Hand in, as one file, {TAKEN}."),
    (b"\x89PNG", "image_not_model", "a picture", f"Hand in {TAKEN}."),
    (b"GGUF", "gguf_not_model", "a GGUF file, which no runtime here loads", f"Hand in {TAKEN}."),
    (
        b"ftrt",
        "tensorrt_not_model",
        "a TensorRT engine, made for one graphics card",
        "Hand in the .onnx it was built from.",
    ),
    (
        b"ptrt",
        "tensorrt_not_model",
        "a TensorRT engine, made for one graphics card",
        "Hand in the .onnx it was built from.",
    ),
    (b"7767517\n", "ncnn_not_model", "an ncnn graph without its weights", "Hand in the .onnx or .pt it was made from."),
    (b"7767517\r", "ncnn_not_model", "an ncnn graph without its weights", "Hand in the .onnx or .pt it was made from."),
)
# A name in the archive that ends so -> the same.
MEMBERS: tuple[tuple[str, str, str, str], ...] = (
    ("bytecode.pkl", "mobile_not_model", "a model for PyTorch Mobile's lite interpreter (.ptl)",
     "Save the same model with torch.jit.save."),
    ("saved_model.pb", "savedmodel_not_model", "a TensorFlow SavedModel", CONVERT_KERAS),
    ("model.weights.h5", "keras_not_model", "a Keras model (.keras)", CONVERT_KERAS),
    (".mlmodel", "coreml_not_model", "a Core ML package", "Export the model it was converted from to .onnx or .pt2."),
    (".npy", "checkpoint_not_model", "a NumPy archive, as Flower saves checkpoints: weights without a graph", FROM_FLOWER),
    (".npz", "checkpoint_not_model", "a NumPy archive, as Flower saves checkpoints: weights without a graph", FROM_FLOWER),
)  # fmt: skip
# The ending of a name, for content that tells nothing -> the same.
ENDINGS: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(("engine", "plan", "trt"), ("tensorrt_not_model", "a TensorRT engine, made for one graphics card",
                                                "Hand in the .onnx it was built from.")),
    **dict.fromkeys(("joblib", "pkl", "pickle"), ("pickle_not_model", "a Python pickle, and loading one runs its code",
                                                  f"Hand in {TAKEN}; skl2onnx converts an MLP or a linear model.")),
    "param": ("ncnn_not_model", "an ncnn graph without its weights", "Hand in the .onnx or .pt it was made from."),
    "bin": ("weights_not_model", "a file of weights without a graph", f"Hand in {TAKEN}."),
    "params": ("tvm_not_model", "a file of TVM parameters without a graph", BEFORE_COMPILING),
    "pb": ("savedmodel_not_model", "a TensorFlow graph", CONVERT_KERAS),
    "mlmodel": ("coreml_not_model", "a Core ML model", "Export the model it was converted from to .onnx or .pt2."),
    "ckpt": ("checkpoint_not_model", "a checkpoint of a training", SAVE_TORCH),
}  # fmt: skip
PICKLE = "This is a Python pickle: weights without a graph, and loading one runs its code. "
# Protocols 0 and 1 have no mark of their own: a reduced object begins with a global, a dict or list with its own.
OLD_PICKLES = (b"cposix\n", b"cos\n", b"(dp", b"(lp", b"c__builtin__\n", b"cnumpy", b"ccollections\n")
ARRAYS = re.compile(rb"numpy\.?_?core|numpy\._core")
SAFETENSORS_MOST = 100_000_000


def check_content(head: bytes, *, is_tflite: bool) -> None:
    """Raises BenchError for the first bytes of something else. Zip archives are told by their directory."""
    if is_tflite:
        return
    for magic, code, what, to_do in MAGIC:
        if head.startswith(magic):
            raise BenchError(code, f"This is {what}. {to_do}")
    if _is_pickle(head):
        raise _pickle(head)
    if head[257:262] == b"ustar":
        said = "This is a tar archive, as TVM and Flower make them."
        raise BenchError("archive_not_model", f"{said} Hand in one file: {TAKEN}.")
    if 2 <= int.from_bytes(head[:8], "little") <= SAFETENSORS_MOST and head[8:10] == b'{"':
        said = "This is a safetensors file: weights without a graph."
        raise BenchError("safetensors_not_model", f"{said} Load them into the model, and export that. {SAVE_TORCH}")
    if head.lstrip()[:1] in (b"{", b"["):
        raise _json(head)
    if _is_coreml(head):
        raise BenchError(
            "coreml_not_model", "This is a Core ML model. Export the model it was converted from to .onnx."
        )


def check_members(names: set[str]) -> None:
    """Raises BenchError for a zip archive with the members of something else."""
    for ending, code, what, to_do in MEMBERS:
        if any(name.endswith(ending) for name in names):
            raise BenchError(code, f"This is {what}. {to_do}")


def check_ending(ending: str) -> None:
    """Raises BenchError for a name of something else, where the content did not tell."""
    if ending in ENDINGS:
        code, what, to_do = ENDINGS[ending]
        raise BenchError(code, f"By its name this is {what}. {to_do}")


def _is_pickle(head: bytes) -> bool:
    return (head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")) or head.startswith(OLD_PICKLES)


def _pickle(head: bytes) -> BenchError:
    if b"sklearn" in head or b"joblib" in head:
        said = "This is a pickled scikit-learn model, and loading one runs its code. Convert an MLP or a linear model"
        return BenchError("sklearn_not_model", f"{said} with skl2onnx, and hand in {TAKEN}.")
    if ARRAYS.search(head):
        said = "This is a pickled list of NumPy arrays, as Flower keeps weights, without a graph."
        return BenchError("checkpoint_not_model", f"{said} {FROM_FLOWER}")
    return BenchError("pickle_not_model", f"{PICKLE}{SAVE_TORCH}")


def _json(head: bytes) -> BenchError:
    if b'"arg_nodes"' in head or b'"node_row_ptr"' in head or b"relay" in head.lower():
        return BenchError(
            "tvm_not_model", f"This is a graph that TVM compiled, without its weights. {BEFORE_COMPILING}"
        )
    said = "This is a JSON file, which describes a network or its settings but holds no weights."
    return BenchError("json_not_model", f"{said} Hand in {TAKEN}.")


def _is_coreml(head: bytes) -> bool:
    """A protobuf of a small version number, then a description, then one of Core ML's kinds of model, from 200 on."""
    if len(head) < 5 or head[0] != 0x08 or head[1] > 20 or head[2] != 0x12 or head[3] >= 0x80:
        return False
    place = 4 + head[3]
    if place + 1 >= len(head) or head[place] < 0x80:
        return False
    field = ((head[place] & 0x7F) | (head[place + 1] & 0x7F) << 7) >> 3
    return head[place + 1] < 0x80 and field >= 200
