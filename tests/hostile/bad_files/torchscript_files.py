"""TorchScript: calls in every pickle of the archive, and weights, classes and members that are not what they say."""

from collections.abc import Iterator

from tests.hostile.bad_files.archive import HONEST, Members, code, data_pickle, number, tensor, torchscript, zipped
from tests.hostile.bad_files.case import MARKER, TOUCH, Case, calls, cuts, flips, text


def case(name: str, members: Members | bytes, why: str, *codes: str, may_run: bool = False) -> Case:
    content = members if isinstance(members, bytes) else zipped(members)
    return Case(f"script-{name}.pt", content, why, codes, may_run)


def cases() -> Iterator[Case]:
    whole = zipped(torchscript())
    size = len(whole)
    yield from cuts(
        "script",
        "pt",
        whole,
        {"early": 90, "third": size // 3, "half": size // 2, "directory": size - 120, "end": size - 3},
    )
    yield from flips("script", "pt", whole, 14)
    yield from _calls()
    yield from _tensors()
    yield from _pickles()
    yield from _code()


def _calls() -> Iterator[Case]:
    for word, pickled in calls().items():
        for member in ("data.pkl", "constants.pkl"):
            yield case(
                f"call-{word}-in-{member[:-4]}",
                torchscript() | {f"m/{member}": pickled},
                f"{member} calls a shell ({word})",
                "code_in_pickle",
            )
    places = ("extra/notes.pkl", "attributes.pkl", "code/__torch__.py.debug_pkl", "traced_inputs/0.pkl", "callstack_debug_map.pkl", "bytecode.pkl",
              "mobile_debug_handles.pkl", "data/extra.pkl")  # fmt: skip
    for place in places:
        yield case(
            f"call-in-{place.replace('/', '-')}",
            torchscript() | {f"m/{place}": calls()["reduce"]},
            f"{place} calls a shell",
            *("code_in_pickle", "mobile_not_model"),
        )
    run = b"cos\nsystem\n" + text(TOUCH) + b"\x85R"
    yield case(
        "call-in-attribute",
        torchscript(attributes={"extra": run}, declared="extra : int"),
        "an attribute that is a call",
    )
    yield case(
        "call-in-backward-hooks",
        _with_tensor(tensor().replace(b"ccollections\nOrderedDict\n)R", run)),
        "the hooks of a tensor are a call",
    )
    yield case("call-as-persistent-id", _with_tensor(run + b"Q"), "the name of a storage is a call")
    yield case(
        "call-in-state",
        torchscript() | {"m/data.pkl": b"\x80\x02c__torch__\nM\n)\x81" + run + b"b."},
        "the state of the module is a call",
    )
    yield case(
        "call-model-json",
        torchscript() | {"m/model.json": b'{"mainModule": {}}', "m/attributes.pkl": calls()["reduce"]},
        "the form before torch 1.4",
    )


def _with_tensor(pickled: bytes, **more) -> Members:
    return torchscript(attributes={"w": pickled}, **more)


def _tensors() -> Iterator[Case]:
    yield case(
        "weights-short", torchscript(weights=b"\0" * 3), "a weight of three bytes for eight numbers", "damaged_model"
    )
    yield case("weights-empty", torchscript(weights=b""), "a weight without bytes", "damaged_model")
    yield case("weights-long", torchscript(weights=bytes(4096)), "a weight with bytes left over", "damaged_model")
    yield case("weights-missing", {k: v for k, v in torchscript().items() if k != "m/data/0"}, "no member for a weight")
    yield case(
        "weights-huge",
        _with_tensor(tensor(shape=(2**20, 2**20), strides=(2**20, 1), count=2**40)),
        "4 TB of weights in 32 bytes",
    )
    yield case(
        "weights-16k",
        _with_tensor(tensor(shape=(64, 64), strides=(64, 1), count=4096), weights=b"abc"),
        "16 KB of weights in three bytes",
        "damaged_model",
    )
    yield case(
        "weights-beyond", _with_tensor(tensor(shape=(4, 200), strides=(200, 1))), "a tensor larger than its storage"
    )
    yield case("weights-far-offset", _with_tensor(tensor(offset=2**40)), "a tensor that begins behind its storage")
    yield case("weights-offset-negative", _with_tensor(tensor(offset=-8)), "a tensor that begins before its storage")
    yield case("weights-strides", _with_tensor(tensor(strides=(2**50, 1))), "strides that lead out of the storage")
    yield case("weights-strides-negative", _with_tensor(tensor(strides=(-2, 1))), "negative strides")
    yield case(
        "weights-stride-zero", _with_tensor(tensor(shape=(4, 2**40), strides=(0, 0))), "2^42 numbers that are one"
    )
    yield case("weights-negative", _with_tensor(tensor(shape=(-4, 2))), "a negative size")
    yield case("weights-ranks", _with_tensor(tensor(shape=(4, 2, 1), strides=(2, 1))), "more sizes than strides")
    yield case("weights-deep", _with_tensor(tensor(shape=(1,) * 900, strides=(1,) * 900)), "900 dimensions")
    yield case(
        "weights-overflow", _with_tensor(tensor(shape=(2**62, 4), strides=(4, 1))), "sizes whose product overflows"
    )
    for key in ("../../../../etc/passwd", "0/../0", "/etc/passwd", "", "9" * 500, "0\0x", ".."):
        word = key[:6].replace("/", "_").replace("\0", "NUL").replace(".", "-") or "empty"
        yield case(
            f"weights-key-{word}-{len(key)}", _with_tensor(tensor(key=key)), f"a weight in the member {key[:30]!r}"
        )
    yield case("weights-cuda", _with_tensor(tensor(place="cuda:0")), "weights on a GPU", may_run=True)
    yield case(
        "weights-place", _with_tensor(tensor(place="moon")), "weights at a place that does not exist", may_run=True
    )
    yield case("weights-kind", _with_tensor(tensor(kind="StrangeStorage")), "a kind of storage that does not exist")
    for word, value in {"nan": b"\0\0\xc0\x7f", "inf": b"\0\0\x80\x7f"}.items():
        yield case(f"weights-{word}", torchscript(weights=value * 8), f"weights are {word}", "weights_not_finite")
    yield case("weights-none", _with_tensor(b"N"), "a weight that is nothing")
    yield case("weights-text", _with_tensor(text("w")), "a weight that is text")
    yield case(
        "zero-elements",
        _with_tensor(tensor(shape=(4, 0), strides=(1, 1), count=0), weights=b""),
        "a weight of no elements",
    )


def _pickles() -> Iterator[Case]:
    def state(pickled: bytes) -> Members:
        return torchscript() | {"m/data.pkl": pickled}

    yield case("pickle-empty", state(b""), "an empty data.pkl")
    yield case("pickle-garbage", state(bytes(range(256))), "data.pkl is no pickle")
    yield case("pickle-no-end", state(data_pickle({})[:-1]), "data.pkl has no end")
    yield case("pickle-number", state(b"\x80\x02K\x07."), "data.pkl is a number")
    yield case(
        "pickle-deep", state(b"\x80\x02" + b"(" * 200_000 + b"t" * 200_000 + b"."), "200,000 tuples in each other"
    )
    yield case(
        "pickle-deep-lists", state(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."), "100,000 lists in each other"
    )
    yield case("pickle-long-text", state(b"\x80\x02X\xff\xff\xff\x7fabc."), "a text of 2 GB in three bytes")
    yield case("pickle-memo", state(b"\x80\x02h\xff."), "a place in the memo that is not there")
    yield case("pickle-memo-far", state(b"\x80\x02Nr\xff\xff\xff\x7f."), "the place 2^31 of the memo")
    yield case("pickle-pops", state(b"\x80\x02000000."), "more taken than given")
    yield case("pickle-long-number", state(b"\x80\x02\x8b\xff\xff\xff\x7f\x01."), "a number of 2 GB")
    yield case("pickle-protocol", state(b"\x80\xff."), "a protocol that does not exist")
    doubled = (
        b"\x80\x02]q\x00"
        + b"".join(b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(40))
        + b"."
    )
    yield case("pickle-doubles", state(doubled), "lists that double 40 times")
    yield case(
        "constants-deep",
        torchscript() | {"m/constants.pkl": b"\x80\x02" + b"(" * 200_000 + b"t" * 200_000 + b"."},
        "deep tuples in constants.pkl",
    )
    yield case(
        "constants-tensor",
        torchscript() | {"m/constants.pkl": b"\x80\x02" + tensor("99") + b"\x85."},
        "a constant without its bytes",
    )
    yield case("other-class", state(data_pickle({}, name="Other")), "the pickle names a class that is not there")
    yield case("attribute-missing", torchscript(declared="lost : int"), "a declared attribute that is not stored")
    yield case(
        "attribute-more",
        torchscript(attributes={"more": number(7)}),
        "a stored attribute that is not declared",
        may_run=True,
    )
    yield case(
        "attribute-unfit",
        torchscript(attributes={"n": text("seven")}, declared="n : int"),
        "text where a number is declared",
        "damaged_model",
    )
    yield case("marker-name", torchscript(attributes={MARKER: b"N"}), "an attribute that nobody declared", may_run=True)


def _code() -> Iterator[Case]:
    def written(content: bytes) -> Members:
        return torchscript() | {"m/code/__torch__.py": content}

    yield case("code-empty", written(b""), "no code")
    yield case("code-garbage", written(b"\x00\xff\xfe" * 100), "code that is no text")
    yield case(
        "code-python", written(code(f"import os\nos.system('{TOUCH}')\nreturn x")), "Python in the place of code"
    )
    yield case("code-open", written(code("f = open('/etc/passwd')\nreturn x")), "opens a file as Python does")
    yield case("code-syntax", written(code("return (((")), "code that is cut off")
    yield case(
        "code-deep", written(code("return " + "(" * 20_000 + "x" + ")" * 20_000)), "20,000 brackets in each other"
    )
    yield case(
        "code-deep-operators",
        written(code("return " + "torch.relu(" * 30_000 + "x" + ")" * 30_000)),
        "30,000 calls in each other",
    )
    yield case("code-deep-minus", written(code("return " + "-" * 100_000 + "x")), "100,000 signs")
    yield case("code-long", written(code("\n".join(["x0 = torch.relu(x)"] + [f"x{i + 1} = torch.relu(x{i})" for i in range(100_000)] + ["return x100000"]))),
               "100,000 operators")  # fmt: skip
    yield case(
        "code-type",
        written(code("return x", declared="t : " + "List[" * 5000 + "int" + "]" * 5000)),
        "a type 5,000 deep",
    )
    yield case("code-unknown", written(code("return torch.frobnicate(x)")), "an operator that does not exist")
    yield case("code-custom", written(code("return ops.mylib.nothing(x)")), "a custom operator", "custom_operator")
    yield case(
        "code-custom-class",
        written(code("c = self.c\nreturn c.run(x)", declared="c : __torch__.torch.classes.mylib.C")),
        "a custom class",
        "custom_operator",
    )
    yield case(
        "code-import", written(code("return x", more="import __torch__.more as m\n")), "imports what is not there"
    )
    yield case("code-missing", {k: v for k, v in torchscript().items() if k != "m/code/__torch__.py"}, "no code at all")
    yield case("code-no-forward", written(code(HONEST).replace(b"forward", b"backward")), "no forward", "damaged_model")
    yield case(
        "code-no-input",
        written(code("return self.w").replace(b"self: __torch__.M,\n    x: Tensor", b"self: __torch__.M")),
        "a forward without input",
    )
    yield case("code-text-input", written(code("return self.w", argument="x: str")), "an input of text")
    yield case("code-text-output", written(code("return 'a'", result="str")), "an output of text")
    for version in (b"99999\n", b"", b"-3\n", b"three", b"0\n"):
        yield case(
            f"version-{version.strip().decode() or 'none'}",
            torchscript() | {"m/version": version},
            f"version {version!r}",
            may_run=True,
        )
