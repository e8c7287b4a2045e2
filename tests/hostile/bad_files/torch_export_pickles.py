"""torch.export: calls at every place where its loader would unpickle, also those that we never open."""

import json
from collections.abc import Iterator

from tests.hostile.bad_files.archive import meta, program, sample_inputs, torch_export, weights_config, zipped
from tests.hostile.bad_files.case import Case, calls
from tests.hostile.bad_files.torch_export_files import case


def cases() -> Iterator[Case]:
    for word, pickled in calls().items():
        yield case(f"call-{word}-in-samples", torch_export() | {"m/data/sample_inputs/model.pt": sample_inputs(pickled)},
                   f"the sample inputs call a shell ({word})", "code_in_pickle")  # fmt: skip
    run = calls()["reduce"]
    yield case("call-samples-bare", _samples(run), "the sample inputs are a bare pickle that calls", "code_in_pickle")
    yield case(
        "call-samples-second",
        _samples(sample_inputs() + run),
        "a call behind the sample inputs",
        "code_in_pickle",
        "damaged_model",
    )
    yield case("samples-garbage", _samples(b"\xff" * 400), "sample inputs that are nothing", may_run=True)
    yield case(
        "samples-bomb",
        _samples(zipped({"model/data.pkl": bytes(100_000_000), "model/version": b"3\n"}, 8)),
        "sample inputs that unpack to 100 MB",
        may_run=True,
    )
    nested = zipped(
        {
            "model/data.pkl": run,
            "model/constants.pkl": b"\x80\x02).",
            "model/code/__torch__.py": b"",
            "model/version": b"3\n",
        }
    )
    yield case("samples-script", _samples(nested), "sample inputs that are a TorchScript with a call", "code_in_pickle")
    yield case("call-weights", _weights(sample_inputs(run)), "weights stored as a pickle that calls", "code_in_pickle")
    yield case("call-weights-unsaid", _unsaid(sample_inputs(run)), "the bytes of a weight are a pickle that calls")
    yield case("pickled-weights", _weights(sample_inputs()), "weights stored as a pickle", "pickled_weights")
    for word in ("custom_obj_0", "opaque_obj_0"):
        yield case(
            f"call-{word}", torch_export(**{f"data__constants__{word}": run}), "a constant that is a pickle with a call"
        )
        constants = {"config": {"c": {"path_name": word, "is_param": False, "use_pickle": True, "tensor_meta": None}}}
        yield case(
            f"call-{word}-named",
            torch_export(constants=constants, **{f"data__constants__{word}": run}),
            "a constant that is a call, and named",
        )
    constants = {
        "config": {"c": {"path_name": "tensor_0", "is_param": False, "use_pickle": True, "tensor_meta": meta(2)}}
    }
    yield case(
        "call-constant",
        torch_export(constants=constants, data__constants__tensor_0=sample_inputs(run)),
        "a constant that is a pickle with a call",
        "code_in_pickle",
    )
    yield case(
        "call-extra", torch_export(extra__notes_pkl=run), "a pickle with a call among the notes", "code_in_pickle"
    )
    yield case("call-lowercase", torch_export(**{"Data__sample_inputs__model.pt": run}), "a second folder in capitals")
    yield case(
        "call-weight-extra",
        torch_export(data__weights__weight_9=sample_inputs(run)),
        "a weight that nobody names, a pickle with a call",
        "code_in_pickle",
    )
    yield from _legacy(run)


def _samples(content: bytes):
    return torch_export() | {"m/data/sample_inputs/model.pt": content}


def _weights(content: bytes):
    return torch_export(config=weights_config(use_pickle=True), data__weights__weight_0=content)


def _unsaid(content: bytes):
    return torch_export(data__weights__weight_0=content)


def _legacy(run: bytes) -> Iterator[Case]:
    """The form of torch.export before 2.8."""
    document = json.dumps(program()).encode()
    for word in ("serialized_state_dict", "serialized_constants", "serialized_example_inputs"):
        members = {
            "version": b"8.20",
            "serialized_exported_program.json": document,
            "serialized_state_dict.pt": b"",
            "serialized_constants.pt": b"",
        }
        for ending in ("pt", "json"):
            legacy = members | {f"{word}.{ending}": sample_inputs(run)}
            yield case(f"legacy-{word}-{ending}", legacy, f"the older form, a call in {word}")
    both = torch_export() | {"m/serialized_exported_program.json": document, "m/serialized_state_dict.pt": run}
    yield case("legacy-and-new", both, "both forms in one archive")
    yield case(
        "bytecode",
        torch_export() | {"m/data.pkl": run, "m/constants.pkl": run},
        "the members of a TorchScript with calls as well",
    )
