"""What the end of a sandboxed process means: nothing, or a BenchError.

The process's own word counts only where it ended by itself, and no word of it counts once hidden inputs were in the
model: then the code alone chooses one of our own sentences.
"""

import re
from typing import Any

from grading.bench.errors import OUTCOMES, BenchError
from hardware.ondevice.hidden import SENTENCES
from hardware.ondevice.plain import plain_sentence
from hardware.ondevice.sandbox.request import SandboxResult

CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,59}")
# The watcher's own sentences, in which only our limits and the engine's words stand.
SAFE_CODES = {
    "timed_out",
    "out_of_memory",
    "output_flood",
    "too_many_processes",
    "forbidden_call",
    "killed_from_outside",
    "sandbox_failed",
}


def has_seen_hidden(result: SandboxResult) -> bool:
    """Whether hidden inputs may have reached the model: the harness says so before they do."""
    return any(kind == "hidden" for kind, _ in result.frames)


def raise_for(result: SandboxResult) -> None:
    """Raises BenchError for a run that did not succeed."""
    said = next((body for kind, body in result.frames if kind == "error"), None)
    is_own = said is not None and result.ended in {"ok", "crashed"}
    if said is not None and is_own:
        error = _own_word(said)
    elif result.ended != "ok":
        details = {"stderr": result.stderr_tail[-1000:]} if result.ended == "infrastructure" else {}
        error = BenchError(result.code, result.message, outcome=result.ended, details=details)
    else:
        return
    raise _silenced(error, is_own=is_own) if has_seen_hidden(result) else error


def _own_word(said: dict[str, Any]) -> BenchError:
    code, message, outcome = (str(said.get(key) or "") for key in ("code", "message", "outcome"))
    details = said.get("details")
    return BenchError(
        code if CODE.fullmatch(code) else "unknown",
        plain_sentence(message) or "The model could not be measured.",
        outcome=outcome if outcome in OUTCOMES else "refused",
        details=details if isinstance(details, dict) else {},
    )


def _silenced(error: BenchError, *, is_own: bool) -> BenchError:
    """is_own: it is the process's own word, whose code may say nothing but one of our sentences."""
    if error.code in SAFE_CODES - SENTENCES.keys() and not is_own:
        return BenchError(error.code, error.message, outcome=error.outcome)
    code = error.code if error.code in SENTENCES else "run_failed"
    outcome, sentence = SENTENCES[code]
    return BenchError(code, sentence, outcome=outcome)


def forged(detail: str) -> BenchError:
    message = f"The result of this model's process does not hold together. {detail}".strip()
    return BenchError("forged_result", message, outcome="misbehaved")
