"""What a board measured, put in the place of a sandbox of ours: its answers pass the same checks, the same scoring and the same search for
what looks wrong as those of this machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from courseplatform.core.digests import sha256_of
from grading.bench.errors import BenchError
from grading.bench.sandbox import SandboxRequest, SandboxResult
from hardware.ondevice.sandbox.request import FrameHandler, TickHandler
from hardware.runners.results import Step

OTHER_PLAN = "board_plan"  # code: what the board answered was not asked, or is asked no more


@dataclass(frozen=True)
class BoardAnswer:
    """One run on a board.

    runner, runner_id: its name and key. device: slug of the profile that it is. steps: what it carried out, of asked. seed: of the order of the inputs.
    environment: ENV of docs/runner-protocol.md, as the board said it. given: SHA-256 of the files that it was sent, by their names in the job.
    """

    runner: str
    runner_id: str
    device: str
    steps: list[Step]
    asked: list[dict[str, Any]]
    seed: int
    environment: dict[str, Any] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"board {self.runner}"


class Replay:
    """A sandbox that ran elsewhere: each run answers with the next step that a board carried out.

    What asks for another process than the board was asked for is a fault of ours, and no answer of the board's is taken for it. A board may
    end early where a model gave nothing to go on with: then whoever asks has found out why from an answer before.
    """

    def __init__(self, answer: BoardAnswer) -> None:
        self._left = list(zip(answer.steps, answer.asked, strict=False))
        self._given, self.name, self.label = answer.given, "board", answer.label

    def run(
        self, request: SandboxRequest, on_frame: FrameHandler | None = None, on_tick: TickHandler | None = None
    ) -> SandboxResult:
        if not self._left:
            raise BenchError(OTHER_PLAN, "The board did not carry out every step.", outcome="infrastructure")
        step, asked = self._left.pop(0)
        if (
            asked["entry"] != request.entry
            or asked["args"] != list(request.args)
            or self._given_other(request, asked["files"])
        ):
            raise BenchError(
                OTHER_PLAN,
                "The lab asks for something else by now than the board was asked.",
                outcome="infrastructure",
            )
        for kind, body in step.frames:
            if on_frame:
                on_frame(kind, body)
        frames = tuple((kind, body) for kind, body in step.frames if kind != "progress")
        return SandboxResult(
            ended=step.ended, code=step.code, message=step.message, frames=frames, exit_code=step.exit_code, signal=step.signal,  # type: ignore[arg-type]
            stderr_tail=step.stderr_tail, wall_s=step.wall_s, cpu_s=step.cpu_s, peak_rss_bytes=step.peak_rss_bytes, isolation=step.isolation,
        )  # fmt: skip

    def _given_other(self, request: SandboxRequest, named: Mapping[str, str] | Sequence[str]) -> bool:
        """Whether the board was given another model, or other inputs, than this process would be. What it made itself of answers has no name."""
        names = named if isinstance(named, Mapping) else {name: name for name in named}
        files = {inside: path for inside, path in request.readonly_files.items() if inside in names}
        return any(sha256_of(path) != self._given.get(names[inside]) for inside, path in files.items())
