"""What the page of a run shows when nothing was measured: what happened, what to do, what it cost."""

from typing import Any

from grading.models.runs import Phase, Run
from grading.spec.inputs import InputSpec
from hardware.leases import SUPERSEDED
from hardware.models import NOT_COUNTED, Outcome

Rows = list[dict[str, Any]]

HEADLINES = {
    "input_mismatch": "The input differs from the lab's",
    "output_mismatch": "The output differs from the lab's",
    "non_finite_output": "The model answers with NaN or infinity",
    "timed_out": "It took longer than the lab allows",
    "out_of_memory": "It needs more memory than the lab allows",
    "crashed": "The model crashed",
    "rejected_by_staff": "The staff rejected what was measured",
}


def stopped_part(run: Run, state: str) -> dict[str, Any]:
    counted = run.outcome not in NOT_COUNTED
    cancelled = "A newer attempt took its place" if run.error_code == SUPERSEDED else "This run was cancelled"
    titles = {"ours": "Our machine failed, not your model", "cancelled": cancelled}
    title = titles.get(state) or HEADLINES.get(run.error_code) or run.label
    sentence = run.error_message or ("Nothing was measured." if state == "cancelled" else "")
    cost = (
        "One attempt."
        if state == "rejected"
        else "One attempt. The model ran and was stopped by it."
        if counted
        else "Nothing. This run is not counted as an attempt, and no late day is touched."
    )
    details = run.error_details if isinstance(run.error_details, dict) else {}
    return {
        "verdict": {"title": title, "sentence": sentence},
        "code": run.error_code,
        "compare": details.get("compare", []),
        "todo": _ways_out(run, state, details),
        "cost_sentence": cost,
        "checked": _checked(run),
    }


def _ways_out(run: Run, state: str, details: dict[str, Any]) -> Rows:
    if state == "ours":
        return [
            {
                "title": "Nothing to do on your side.",
                "text": "Staff see this run; you or they can run it again.",
                "code": "",
            }
        ]
    if state == "rejected":
        return [{"title": "Ask the course staff,", "text": "if the reason above is not clear to you.", "code": ""}]
    if run.error_code == SUPERSEDED:
        return [
            {
                "title": "Nothing to do:",
                "text": "the newer attempt is measured in its place. To have both measured, run this one again.",
                "code": "",
            }
        ]
    if state == "cancelled":
        return [{"title": "Run it again,", "text": "or hand in another model.", "code": ""}]
    if run.error_code in {"input_mismatch", "output_mismatch"} and details.get("compare"):
        return _fit_the_signature(run, details)
    ways: Rows = []
    if details.get("stderr"):
        ways.append({"title": "What the runtime said last.", "text": "", "code": str(details["stderr"])[-1500:]})
    ways.append(
        {
            "title": "Try it on your machine first.",
            "text": "The same engine runs there:",
            "code": "python manage.py bench MODEL",
        }
    )
    return ways


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
    last = run.submission.format == "tflite"
    layout = next((key for key in shapes if key.endswith("C") == last), next(iter(shapes)))
    ways: Rows = []
    if any(label.startswith("Input") for label in differs):
        words, code = EXPORTS[run.submission.format]
        code = _with_type(code, run.submission.assignment.spec.input.given_dtype)
        shape = ", ".join(str(size) for size in shapes[layout])
        ways.append({"title": "Export it again with the lab's input.", "text": words, "code": code.format(shape=shape)})
    if "Input type" in differs:
        ways += _of_type(run.submission.assignment.spec.input, run.submission.format)
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


def _checked(run: Run) -> Rows:
    """Which steps passed before it stopped."""
    reached = list(Phase).index(Phase(run.phase)) if run.phase in Phase.values else 0
    names = [
        "It opens, and is what its name says",
        "Input and output are the lab's",
        "It runs",
        "Accuracy on hidden inputs",
    ]
    if run.outcome == Outcome.REFUSED:
        reached = 1 if run.error_code in {"input_mismatch", "output_mismatch"} else min(reached, 2)
    else:
        reached = 2
    states = ["good" if i < reached else "bad" if i == reached else "todo" for i in range(len(names))]
    return [{"label": name, "state": state} for name, state in zip(names, states, strict=True)]
