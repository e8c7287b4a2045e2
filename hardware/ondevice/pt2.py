"""Turn a ``.pt2`` of torch.export into one that can be loaded without running what it carries.

``torch.export.load`` unpickles sample inputs, pickled weights, custom objects and the older zip form, evaluates size
expressions with sympy and executes guard code (seen with torch 2.13). So nothing of a stranger's archive reaches it
unread: this module reads the archive as zip, JSON and raw weights, refuses by allow-list what it does not know, and
writes a copy with the sample inputs emptied, the guards dropped and the metadata gone. Standard library only.

The names of the members are those of torch/csrc/export/pt2_archive_constants.h.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
import zlib
from typing import Any, BinaryIO

# Of an archive of either PyTorch format: a TorchScript layer takes up to six members, an exported weight one.
MAX_MEMBERS = 10_000
MAX_JSON_BYTES = 64 * 1024 * 1024
MAX_NODES = 20_000

MODEL = "models/model.json"
SAMPLE_INPUTS = "data/sample_inputs/model.pt"
WEIGHTS_CONFIG = "data/weights/model_weights_config.json"
CONSTANTS_CONFIG = "data/constants/model_constants_config.json"
PLAIN_MEMBERS = {"archive_format", "archive_version", "byteorder", "version", ".data/version", ".data/serialization_id"}
DROPPED_MEMBERS = re.compile(r"extra/.*|\.format/.*")
PAYLOAD = re.compile(r"data/(?:weights/weight|constants/tensor)_\d+")

# The reader of torch looks a target up as a dotted name below the module, so the whole name is checked, not its
# beginning.
TARGET = re.compile(
    r"torch\.ops\.(?:aten|quantized_decomposed|prims)\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+"
    r"|_operator\.(?:getitem|add|sub|mul|floordiv|truediv|mod|neg|pow|eq|ne|lt|le|gt|ge|and_|or_)"
    r"|torch\.sym_(?:int|float|max|min|not|sum|ite)"
    r"|math\.(?:ceil|floor|trunc)"
)
FORBIDDEN_OPERATORS = re.compile(r"torch\.ops\.aten\.(?:from_file|_print|record_stream|_assert_scalar_tensor)\..*")
# What torch prints for a size: symbols, whole numbers and the arithmetic of shapes. No power: 9**9**9 is a denial of
# service.
EXPRESSION = re.compile(
    r"(?:Symbol\('[a-z]\d+'(?:, (?:positive|integer|nonnegative)=True)*\)|(?:Add|Mul|Integer|Mod|Max|Min|FloorDiv|"
    r"CleanDiv|PythonMod|Eq|Ne|Ge|Gt|Le|Lt|StrictGreaterThan|StrictLessThan|GreaterThan|LessThan|Equality|Unequality)(?=\()"
    r"|[su]\d{1,4}\b|\d{1,10}\b|[-+*(),]|//| )+"
)
MAX_EXPRESSION = 300
# What torch writes as a guard: comparisons of sizes of the inputs. Its own loader executes the text as Python. One
# digit at a time, so that a long number is read in one way only.
GUARD = re.compile(
    r"(?:\bL(?:\[(?:'[^'\"\\\n]{1,300}'|\d{1,6})\])+(?:\.(?:size|stride)\(\)\[\d{1,3}\]|\.storage_offset\(\))?"
    r"|\b(?:Min|Max|Mod|PythonMod|FloorDiv|CleanDiv|min|max|math\.(?:ceil|floor|trunc))(?=\()"
    r"|\b(?:and|or|not|True|False)\b|[-+*/%<>=!(), .\d])+"
)
MAX_GUARD = 10_000
TREE_TYPES = {None, "builtins.tuple", "builtins.list", "builtins.dict"}
INPUT_KINDS = {"user_input", "parameter", "buffer", "tensor_constant", "constant_input"}
REFUSED_ARGUMENTS = {
    "as_custom_obj": ("custom_operator", "a custom object"),
    "as_operator": ("custom_operator", "an operator as a value"),
    "as_graph": ("control_flow", "a nested graph (torch.cond, a loop, or a block under torch.no_grad)"),
}


# What zipfile raises about an archive that is not whole; OSError where a place in it leads before its beginning.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


class Pt2Error(ValueError):
    """The archive is refused. ``code`` is for programs, the message is a sentence for the person who made the file."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def sanitise(source: str, target: str | BinaryIO) -> None:
    """Write to ``target`` (a path or a binary file) a copy of the ``.pt2`` at ``source`` that loads without running.

    Raises Pt2Error (a ValueError) with a code and a sentence where the archive holds what is not plain graph and
    plain weights.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = _members(archive)
            replaced = _checked_documents(archive, members)
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
                _write(archive, copy, members, replaced)
    except Pt2Error:
        raise
    except BROKEN as error:
        raise Pt2Error(
            "bad_archive", "The .pt2 archive is damaged or cut short. Save it again and upload it whole."
        ) from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Map each member's name below the one root folder to its entry; refuse unknown, doubled or packed members."""
    entries = archive.infolist()
    if len(entries) > MAX_MEMBERS:
        raise Pt2Error("bad_archive", f"The archive has {len(entries)} members; {MAX_MEMBERS} are allowed.")
    members: dict[str, zipfile.ZipInfo] = {}
    roots = set()
    for entry in entries:
        root, _, name = entry.filename.partition("/")
        roots.add(root)
        _check_member(entry, name)
        if name in members:
            raise Pt2Error("bad_archive", f"The archive holds {entry.filename[:80]!r} twice.")
        members[name] = entry
    if len(roots) != 1 or not {"archive_format", MODEL, WEIGHTS_CONFIG, CONSTANTS_CONFIG, SAMPLE_INPUTS} <= set(
        members
    ):
        raise Pt2Error(
            "legacy_archive",
            "This is not the archive that torch.export.save of torch 2.8 or later writes. "
            "Export the model again with a current torch.",
        )
    if members["archive_format"].file_size != 3 or archive.read(members["archive_format"]) != b"pt2":
        raise Pt2Error("bad_archive", "The archive does not call itself pt2. Save the model with torch.export.save.")
    return members


def _check_member(entry: zipfile.ZipInfo, name: str) -> None:
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 0x1 or entry.compress_size != entry.file_size:
        raise Pt2Error(
            "bad_archive", f"{entry.filename[:80]!r} is compressed or encrypted, which torch.export.save never does."
        )
    if name.startswith("data/aotinductor"):
        raise Pt2Error(
            "compiled_code",
            "The archive holds compiled code (AOTInductor). Save the exported program itself with torch.export.save.",
        )
    if re.fullmatch(r"data/constants/(?:custom_obj|opaque_obj)_.*", name):
        raise Pt2Error(
            "custom_operator", "The archive holds a pickled object as a constant. Only tensors can be constants here."
        )
    known = name in PLAIN_MEMBERS or name in {MODEL, SAMPLE_INPUTS, WEIGHTS_CONFIG, CONSTANTS_CONFIG}
    if not (known or PAYLOAD.fullmatch(name) or DROPPED_MEMBERS.fullmatch(name)):
        raise Pt2Error(
            "bad_archive", f"The archive holds {entry.filename[:80]!r}, which is no part of a single exported model."
        )


def _checked_documents(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> dict[str, bytes]:
    for config in (WEIGHTS_CONFIG, CONSTANTS_CONFIG):
        _check_payloads(_read_json(archive, members[config]), config.rpartition("/")[0], members)
    program = _read_json(archive, members[MODEL])
    try:
        _clean_program(program)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Pt2Error(
            "bad_archive", "The exported graph does not have the form torch.export writes. Export it again."
        ) from error
    return {MODEL: json.dumps(program).encode("utf-8"), SAMPLE_INPUTS: b""}


def _read_json(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> dict[str, Any]:
    if entry.file_size > MAX_JSON_BYTES and entry.filename.endswith(MODEL):
        said = f"The graph is {entry.file_size:,} bytes of text; {MAX_JSON_BYTES:,} are allowed."
        raise Pt2Error("too_many_operators", f"{said} No model of {MAX_NODES:,} operators needs that.")
    if entry.file_size > MAX_JSON_BYTES:
        raise Pt2Error("bad_archive", f"{entry.filename[:80]!r} is larger than {MAX_JSON_BYTES} bytes.")
    try:
        document = json.loads(archive.read(entry))
    except (ValueError, RecursionError) as error:
        raise Pt2Error("bad_archive", f"{entry.filename[:80]!r} is not valid JSON.") from error
    if not isinstance(document, dict):
        raise Pt2Error("bad_archive", f"{entry.filename[:80]!r} is not a JSON object.")
    return document


def _check_payloads(document: dict[str, Any], folder: str, members: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse weights that are pickled, missing, not on the CPU, or that say they are larger than their bytes."""
    config = document.get("config")
    if not isinstance(config, dict):
        raise Pt2Error("bad_archive", f"{folder!r} has no list of tensors.")
    for name, payload in config.items():
        if not isinstance(payload, dict) or payload.get("use_pickle") is not False:
            raise Pt2Error(
                "pickled_weights",
                f"The tensor {name[:80]!r} is stored as a pickle, which can run code. Export the "
                "model with plain tensors.",
            )
        entry = members.get(f"{folder}/{payload.get('path_name')}")
        meta = payload.get("tensor_meta")
        if entry is None or not PAYLOAD.fullmatch(f"{folder}/{payload['path_name']}") or not isinstance(meta, dict):
            raise Pt2Error("bad_archive", f"The bytes of the tensor {name[:80]!r} are missing. Save it again.")
        _check_device(meta)
        if entry.file_size == 0 and 0 not in _plain_sizes(meta, name):
            raise Pt2Error("bad_archive", f"The tensor {name[:80]!r} has a size but no bytes. Save it again.")


def _plain_sizes(meta: dict[str, Any], name: str) -> list[int]:
    sizes = [size.get("as_int") if isinstance(size, dict) else None for size in meta.get("sizes") or []]
    plain = [size for size in sizes if type(size) is int and 0 <= size < 2**40]
    if len(plain) != len(sizes):
        raise Pt2Error("bad_archive", f"The tensor {name[:80]!r} has no fixed size.")
    return plain


def _check_device(value: dict[str, Any]) -> None:
    device = value.get("device")
    if isinstance(device, dict) and device.get("type") != "cpu":
        raise Pt2Error(
            "device_not_cpu",
            f"The model was exported on {str(device.get('type'))[:20]!r}. Move it to the CPU "
            "(model.cpu()) and export it again.",
        )


def _clean_program(program: dict[str, Any]) -> None:
    """Check a program read from models/model.json and take out of it what torch would execute or resolve by name."""
    module = program["graph_module"]
    graph = module["graph"]
    if len(graph["nodes"]) > MAX_NODES:
        raise Pt2Error("too_many_operators", f"The graph has {len(graph['nodes'])} operators; {MAX_NODES} are allowed.")
    if graph.get("custom_obj_values"):
        raise Pt2Error("custom_operator", "The graph works on custom objects. Only tensors can be measured here.")
    for node in graph["nodes"]:
        _check_target(str(node["target"]))
        node["metadata"] = {}
    _check_values(program)
    for spec in module["signature"]["input_specs"]:
        if not set(spec) <= INPUT_KINDS:
            raise Pt2Error(
                "custom_operator",
                f"The model takes an input of the kind {min(spec)[:40]!r}. Only tensors can be measured here.",
            )
    module["metadata"] = {}
    module["treespec_namedtuple_fields"] = {}
    module["module_call_graph"] = [call for call in module["module_call_graph"] if call["fqn"] == ""]
    for call in module["module_call_graph"]:
        for key in ("in_spec", "out_spec"):
            _check_tree(json.loads(call["signature"][key])[1])
    _check_guards(program.get("guards_code"))
    program["guards_code"] = []


def _check_target(target: str) -> None:
    if target.startswith("torch.ops.higher_order."):
        raise Pt2Error(
            "control_flow",
            f"The graph calls {target[:80]!r}: control flow or a block under torch.no_grad. Export the "
            "model in eval mode without it.",
        )
    if not TARGET.fullmatch(target) or FORBIDDEN_OPERATORS.fullmatch(target):
        raise Pt2Error(
            "custom_operator", f"The graph calls {target[:80]!r}, which is not one of PyTorch's own tensor operators."
        )


def _check_values(value: Any) -> None:
    """Walk the whole document: every size expression, device and argument kind must be known to be harmless."""
    if isinstance(value, list):
        for item in value:
            _check_values(item)
    elif isinstance(value, dict):
        _check_device(value)
        for key, item in value.items():
            if key == "expr_str":
                _check_expression(item)
            elif key in REFUSED_ARGUMENTS:
                code, what = REFUSED_ARGUMENTS[key]
                raise Pt2Error(code, f"The graph holds {what}. Only plain tensor operators can be measured here.")
            else:
                _check_values(item)


def _check_expression(expression: Any) -> None:
    if not isinstance(expression, str) or len(expression) > MAX_EXPRESSION or "**" in expression:
        raise Pt2Error(
            "bad_expression", "A size in the graph is not a plain expression. Export the model with fixed sizes."
        )
    if not EXPRESSION.fullmatch(expression):
        raise Pt2Error(
            "bad_expression", f"A size in the graph reads {expression[:60]!r}. Export the model with fixed sizes."
        )


def _check_guards(guards: Any) -> None:
    """Guards are dropped from the copy; whoever loads the file itself runs them, so other code is refused."""
    for guard in guards or []:
        if not isinstance(guard, str) or len(guard) > MAX_GUARD or "**" in guard or not GUARD.fullmatch(guard):
            raise Pt2Error(
                "code_in_guards",
                f"A condition in the file reads {str(guard)[:60]!r}, which is no comparison of sizes. Export the "
                "model again with torch.export.save.",
            )


def _check_tree(spec: Any) -> None:
    if spec["type"] not in TREE_TYPES:
        raise Pt2Error(
            "custom_operator",
            f"The model takes or returns a {str(spec['type'])[:60]!r}. Use tensors, tuples, lists or dictionaries.",
        )
    for child in spec["children_spec"]:
        _check_tree(child)


def _write(
    archive: zipfile.ZipFile, copy: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], replaced: dict[str, bytes]
) -> None:
    for name, entry in members.items():
        if not DROPPED_MEMBERS.fullmatch(name):
            copy.writestr(zipfile.ZipInfo(entry.filename), replaced[name] if name in replaced else archive.read(entry))
