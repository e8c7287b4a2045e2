"""What somebody can do about a run that was not measured, as steps in their order: each a title, words, and code where there is any."""

from typing import Any

from courseplatform.core import numbers
from grading.models.runs import Run
from grading.spec.inputs import InputSpec
from hardware.leases import SUPERSEDED

Rows = list[dict[str, Any]]


def _way(title: str, text: str = "", code: str = "") -> dict[str, Any]:
    return {"title": title, "text": text, "code": code}


# Of these ends there is one thing to say.
OF_STATE = {
    "ours": _way("Nothing to do on your side.", "Staff see this run; you or they can run it again."),
    "rejected": _way("Ask the course staff,", "if the reason above is not clear to you."),
    "cancelled": _way("Run it again,", "or hand in another model."),
}
NEWER = _way("Nothing to do:", "the newer attempt is measured in its place. To have both measured, run this one again.")


def ways_out(run: Run, state: str, attempts: str) -> Rows:
    """attempts: how many are left, for the last step."""
    if run.error_code == SUPERSEDED:
        return [NEWER]
    if state in OF_STATE:
        return [OF_STATE[state]]
    details = run.error_details if isinstance(run.error_details, dict) else {}
    if run.error_code in {"input_mismatch", "output_mismatch", "stage_mismatch"} and details.get("compare"):
        ways = _fit_the_signature(run, details)
    else:
        ways = [*_said_last(details), *_smaller(run), _try_first()]
    return [*ways, _way("Then hand in again.", attempts)]


def _said_last(details: dict[str, Any]) -> Rows:
    if not details.get("stderr"):
        return []
    return [_way("Read what the runtime said last.", code=str(details["stderr"])[-1500:])]


def _smaller(run: Run) -> Rows:
    """What the lab gives, where the model took more of it."""
    spec = run.submission.assignment.spec
    if run.error_code == "timed_out":
        hidden = run.submission.assignment.hidden_set
        share = f": {numbers.count(hidden.count)} hidden inputs one after the other, and the start" if hidden else ""
        text = f"The lab gives {spec.wall_s:g} s for one file{share}. Fewer multiply-accumulates, or fewer and larger operators, take less."
        return [_way("Make it faster.", text)]
    if run.error_code == "out_of_memory":
        text = f"The lab gives {numbers.size(spec.memory_bytes)}, the runtime included. Begin with the largest tensor: a smaller input, fewer channels, int8."
        return [_way("Make it smaller.", text)]
    return []


def _try_first() -> dict[str, Any]:
    return _way("Try it on your machine.", "The same engine runs there:", "python manage.py bench MODEL")


# format -> (words, code): how the lab's input gets into an export. {shape}: the sizes with the batch.
EXPORTS = {
    "onnx": ("With PyTorch:", 'torch.onnx.export(model, torch.zeros({shape}), "model.onnx")'),
    "torchscript": ("With PyTorch:", 'torch.jit.trace(model.eval(), torch.zeros({shape})).save("model.pt")'),
    "torch_export": ("With PyTorch:", 'torch.export.save(torch.export.export(model.eval(), (torch.zeros({shape}),)), "model.pt2")'),
    "tflite": ("With Keras, before converting:", "inputs = keras.Input(batch_shape=({shape}))"),
}  # fmt: skip


def _fit_the_signature(run: Run, details: dict[str, Any]) -> Rows:
    """One step for each thing that differs, in the words of the format that was handed in."""
    differs = {row["label"]: row for row in details["compare"] if not row["same"]}
    shapes = run.submission.assignment.spec.input.shapes
    # TFLite's own layout puts the channels last; the others put them first.
    model_format = str(details.get("format") or run.submission.format)
    last = model_format == "tflite"
    layout = next((key for key in shapes if key.endswith("C") == last), next(iter(shapes)))
    ways: Rows = []
    if any(label.startswith("Input") for label in differs):
        words, code = EXPORTS[model_format]
        code = _with_type(code, run.submission.assignment.spec.input.given_dtype)
        shape = ", ".join(str(size) for size in shapes[layout])
        ways.append({"title": "Export it again with the lab's input.", "text": words, "code": code.format(shape=shape)})
    if "Input type" in differs:
        ways += _of_type(run.submission.assignment.spec.input, model_format)
    if "Output" in differs:
        output = run.submission.assignment.spec.output
        text = f"The lab asks for one output of {output.words}; yours is {differs['Output']['yours']}."
        ways.append({"title": f"{output.way_out}.", "text": text, "code": ""})
    return ways


def _with_type(code: str, dtype: str) -> str:
    """An example is float32 by itself; of whole numbers it has to say so."""
    if dtype == "float32":
        return code
    return code.replace("zeros({shape})", f"zeros({{shape}}, dtype=torch.{dtype})").replace(
        "({shape}))", f'({{shape}}), dtype="{dtype}")'
    )


def _of_type(given: InputSpec, model_format: str) -> Rows:
    """What to do about the type of the input: where the lab gives whole numbers, and where it has made real ones of them."""
    if given.given_dtype != "float32":
        title = f"Take {given.dtype}, and turn it into real numbers inside the model."
        if model_format == "tflite":
            return [
                {
                    "title": title,
                    "text": "When converting:",
                    "code": f"converter.inference_input_type = tf.{given.dtype}",
                }
            ]
        return [
            {
                "title": title,
                "text": "As the first step of forward:",
                "code": "x = x.float() / 255" if given.dtype == "uint8" else "x = x.float() / 128",
            }
        ]
    if given.normalise is None or not given.normalise.words:
        return []
    text = f"Its stored {given.dtype} numbers are {given.normalise.words} before your model sees them. Leave that step out of the model."
    return [{"title": "The lab makes float32 of them.", "text": text, "code": ""}]
