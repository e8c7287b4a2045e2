"""What each operator costs on one board: as the result stores it for the lab's boards, computed anew from the stored graph for another.

Pure and bounded: one prediction takes a few milliseconds, for thousands of operators tens (grading/bench/cost/predict.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grading.bench.cost.coefficients import Calibrations
from grading.bench.errors import BenchError
from grading.bench.on_device import Choice, device_json
from grading.bench.pipeline import PipelineReport
from grading.bench.report import Report
from grading.figures.board_rows import name_of, setting_words, verdicts_of
from hardware.profiles import DeviceProfile, today_slug

Json = dict[str, Any]


@dataclass(frozen=True)
class Costs:
    """Modelled costs on one board.

    latency_ms: of one inference, None where nothing is modelled; reason then says why. interval_ms: 90 %. start_ms: the part that belongs
    to no operator. operators: index -> ms, empty where an older result holds none. fused: operators that run inside another one.
    verdict: all that is known of the board, as grading/bench/on_device.py writes it. profile: None for a device that is gone.
    """

    slug: str = ""
    name: str = ""
    setting: str = ""
    latency_ms: float | None = None
    interval_ms: tuple[float, float] | None = None
    start_ms: float = 0.0
    operators: dict[int, float] = field(default_factory=dict)
    fused: frozenset[int] = frozenset()
    is_extrapolated: bool = False
    reason: str = ""
    verdict: Json = field(default_factory=dict)
    profile: DeviceProfile | None = None

    @property
    def basis(self) -> str:
        return "extrapolated" if self.is_extrapolated else "modelled"

    @property
    def where(self) -> str:
        """Raspberry Pi 4, 4 GB, TFLite 2.7.1 int8, 4 threads."""
        return ", ".join(filter(None, [self.name, self.setting]))


def report_of(result: Json) -> Report | None:
    """The stored report; None where it was written before it held what the cost model reads."""
    told = {key: value for key, value in result["report"].items() if key != "file"}
    try:
        return PipelineReport.from_json(told) if "stages" in told else Report.from_json(told)
    except BenchError:
        return None


def choice_of(result: Json, calibrations: Calibrations | None = None) -> Choice:
    """By which convention the result counts a charge, with the calibrations that speak in its course."""
    budget = result.get("environment", {}).get("budget") or {}
    return Choice(**budget, calibrations=calibrations)


def costs_of(
    result: Json,
    report: Report | None,
    profiles: Mapping[str, DeviceProfile],
    slug: str,
    calibrations: Calibrations | None = None,
) -> Costs:
    """Of one board; with neither a number nor a name where the lab names no board and none was asked for."""
    slug = today_slug(slug)
    verdict, profile = verdicts_of(result.get("environment", {})).get(slug), profiles.get(slug)
    is_whole = bool(
        verdict and (verdict.get("operators") or ("operators" in verdict and verdict.get("latency_ms") is None))
    )
    if slug and not is_whole and report is not None and profile is not None:
        verdict = device_json(report, profile, choice_of(result, calibrations))
    if not slug or verdict is None:
        return Costs(slug=slug, reason="The lab names no board." if not slug else "Nothing is known of this board.")
    latency, ends = verdict.get("latency_ms"), verdict.get("latency_interval_ms")
    operators = {index: ms for index, ms, _ in verdict.get("operators", [])} if latency is not None else {}
    return Costs(
        slug=slug, name=name_of(slug, verdict, profiles), setting=setting_words(verdict), latency_ms=latency,
        interval_ms=(ends[0], ends[1]) if ends else None,
        start_ms=max(latency - sum(operators.values()), 0.0) if latency is not None and operators else 0.0,
        operators=operators, fused=frozenset(index for index, _, fused in verdict.get("operators", []) if fused),
        is_extrapolated=bool(verdict.get("extrapolated")), reason=str(verdict.get("reason") or ""), verdict=verdict, profile=profile,
    )  # fmt: skip
