"""What may be said once hidden inputs have gone into a model: these sentences, and nothing that a model could choose.

A message of a runtime, a size or a count can carry a whole hidden input out. So what fails from then on is told by its
code alone, on both sides of the channel.
"""

from __future__ import annotations

from hardware.ondevice.session import ModelError

NOT_SHOWN = "It ran on made-up inputs of the same shape and range. What it says about hidden ones is not shown."
# code -> (outcome, sentence)
SENTENCES = {
    "run_failed": ("crashed", f"The model failed on a hidden input. {NOT_SHOWN}"),
    "crashed_signal": ("crashed", f"The runtime crashed on this model while it answered hidden inputs. {NOT_SHOWN}"),
    "crashed_exit": ("crashed", f"The model ended the measuring process while it answered hidden inputs. {NOT_SHOWN}"),
    "no_result": ("crashed", "The process that works on the model ended without a result."),
    "non_finite_output": (
        "crashed",
        (
            "On hidden inputs the model's output is not a number (NaN) or infinite; on made-up inputs of the same range it "
            "was not. Look for a division by zero, a logarithm of zero, or a number type with too small a range."
        ),
    ),
    "output_mismatch": (
        "misbehaved",
        (
            "On a hidden input the model's output has another size than on made-up inputs of the same shape. A model must "
            "give the same number of scores for every input."
        ),
    ),
    "unstable_output": (
        "misbehaved",
        (
            "The model answered the same input differently the second time. Save it in evaluation mode, without anything "
            "that it keeps from one input to the next."
        ),
    ),
    "stateful_model": (
        "misbehaved",
        (
            "The model changed what it keeps while it answered hidden inputs. Save it in evaluation mode, without anything "
            "that it keeps from one input to the next."
        ),
    ),
    "forged_result": ("misbehaved", "The result of this model's process does not hold together."),
    "out_of_memory": ("out_of_memory", "The model asked for more memory than is allowed here."),
    "harness_fault": ("infrastructure", "The measuring program failed while hidden inputs were in the model."),
}


def fault(code: str) -> ModelError:
    """The error for a code of ``SENTENCES``."""
    outcome, sentence = SENTENCES[code]
    return ModelError(code, sentence, outcome)
