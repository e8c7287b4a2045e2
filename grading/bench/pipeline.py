"""Several models in a row as one report: their operators in the order in which they run, so that whatever reads a report reads this one.

A stage that runs several times stands there as often. Pure Python: pages read stored results with it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from grading.bench.bounds import MOST_OPERATORS
from grading.bench.errors import BenchError
from grading.bench.graph import Pattern
from grading.bench.report import MOST_FINDINGS, Finding, OperatorReport, Report, StructuredSparsity
from grading.bench.strict import MOST_TEXT, Strict

FORMAT = "pipeline"  # of a report whose stages are of several formats, and of what is handed in
MOST_PARTS = 6  # of a layer's name that stay behind the name of its stage
MOST_STAGES = 8


@dataclass(frozen=True)
class StagePart:
    """One stage. file: its name. calls: how often it runs for one input of the pipeline. report: of one call, by itself."""

    key: str
    title: str
    calls: int
    file: str
    report: Report

    @property
    def rows(self) -> int:
        """How many operators of the whole are this stage's."""
        return self.calls * len(self.report.operators)


@dataclass(frozen=True)
class PipelineReport(Report):
    """The stages as one model. Sums are over all calls, but for weights, which are there once.

    bytes: of the models' files together. sha256: of the file in which they came. peak_activation_bytes: the largest of any stage, since
    only one runs at a time. An operator's weight_bytes are what it reads, so a second call has them again; its params are 0.
    """

    stages: tuple[StagePart, ...] = ()

    def to_json(self) -> dict[str, Any]:
        whole = {one.name: getattr(self, one.name) for one in fields(Report) if one.name not in PARTS}
        found = {
            key: value if isinstance(value, str | int | float | dict) else _plain(value) for key, value in whole.items()
        }
        operators = [asdict(operator) for operator in self.operators]
        stages = [_stage_json(stage) for stage in self.stages]
        return {**found, "structured": asdict(self.structured), "operators": operators, "stages": stages}

    @classmethod
    def from_json(cls, raw: Any) -> "PipelineReport":
        """Raises BenchError (`bad_report`, misbehaved), as a report does."""
        try:
            return merged(tuple(_stages(raw)), sha256=str(raw["sha256"]))
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise Strict().fail("stages") from error


PARTS = ("operators", "structured")


def _plain(value: Any) -> Any:
    return [asdict(item) if not isinstance(item, str) else item for item in value]


def _stage_json(stage: StagePart) -> dict[str, Any]:
    """Without its operators, which stand in the whole."""
    told = replace(stage.report, operators=()).to_json()
    del told["operators"]
    names = [operator.name for operator in stage.report.operators]
    return {
        "key": stage.key, "title": stage.title, "calls": stage.calls, "file": stage.file, "operators": len(names), "report": told,
    }  # fmt: skip


def _stages(raw: Any) -> Iterator[StagePart]:
    at, check = 0, Strict()
    for one in check.items(raw["stages"], "stages", MOST_STAGES):
        count, calls = check.number(one["operators"], "stages"), check.number(one["calls"], "stages")
        operators = [_alone(row, at) for row in raw["operators"][at : at + count]]
        report = Report.from_json({**one["report"], "operators": operators})
        key, title, file = (check.text(one[name], "stages") for name in ("key", "title", "file"))
        yield StagePart(key, title, calls, file, report)
        at += calls * count


def _alone(row: dict[str, Any], at: int) -> dict[str, Any]:
    """An operator of the whole as it stands in its own stage."""
    sources = [source if source < 0 else source - at for source in row["sources"]]
    return row | {"index": row["index"] - at, "sources": sources, "name": str(row["name"]).partition("/")[2]}


def merged(stages: tuple[StagePart, ...], *, sha256: str) -> PipelineReport:
    """Raises BenchError: `too_many_operators`."""
    if sum(stage.rows for stage in stages) > MOST_OPERATORS:
        said = f"All stages with their calls come to more than {MOST_OPERATORS:,} operators. Take a smaller model."
        raise BenchError("too_many_operators", said)
    reports = [stage.report for stage in stages]
    operators = tuple(_operators(stages))
    peak = max(report.peak_activation_bytes for report in reports)
    formats = {report.format for report in reports}
    return PipelineReport(
        format=formats.pop() if len(formats) == 1 else FORMAT,
        bytes=sum(report.bytes for report in reports),
        sha256=sha256,
        inputs=reports[0].inputs,
        outputs=reports[-1].outputs,
        params=sum(report.params for report in reports),
        macs=sum(stage.calls * stage.report.macs for stage in stages),
        weight_bits=_weight_bits(reports),
        sparsity=_mean(reports, [report.sparsity for report in reports]),
        weight_bytes=sum(report.weight_bytes for report in reports),
        peak_activation_bytes=peak,
        peak_operator=next((op.index for op in operators if op.live_bytes == peak), 0),
        operators=operators,
        findings=tuple(_findings(stages))[:MOST_FINDINGS],
        structured=_structured(reports),
        stages=stages,
    )


def span_of(report: PipelineReport, index: int) -> tuple[int, int, int]:
    """(number of the stage, number of the call, index within the stage's own report) of an operator of the whole."""
    at = 0
    for number, stage in enumerate(report.stages):
        if index < at + stage.rows:
            call, own = divmod(index - at, len(stage.report.operators))
            return number, call, own
        at += stage.rows
    raise IndexError(index)


def _operators(stages: tuple[StagePart, ...]) -> Iterator[OperatorReport]:
    at = 0
    for stage in stages:
        for call in range(stage.calls):
            scope = stage.key if stage.calls == 1 else f"{stage.key} {call + 1}"
            for operator in stage.report.operators:
                yield replace(
                    operator, index=operator.index + at, name=_named(scope, operator), params=0 if call else operator.params,
                    sources=tuple(source if source < 0 else source + at for source in operator.sources),
                )  # fmt: skip
            at += len(stage.report.operators)


def _named(scope: str, operator: OperatorReport) -> str:
    """A path that begins with the stage: detect/stem/conv1."""
    name = (operator.name or operator.op).split(";", maxsplit=1)[0].strip("/")
    parts = [part for part in (name.split("/") if "/" in name else name.split(".")) if part]
    return "/".join([scope, *parts[-MOST_PARTS:]])[:MOST_TEXT]


def _findings(stages: tuple[StagePart, ...]) -> Iterator[Finding]:
    for stage in stages:
        for found in stage.report.findings:
            yield Finding(found.code, f"{stage.title}: {found.sentence}"[:MOST_TEXT])


def _mean(reports: list[Report], values: list[float]) -> float:
    """Weighted by the number of weights."""
    params = sum(report.params for report in reports)
    return sum(report.params * value for report, value in zip(reports, values, strict=True)) / params if params else 0.0


def _weight_bits(reports: list[Report]) -> dict[str, float]:
    names = sorted({bits for report in reports for bits in report.weight_bits}, key=int)
    found = {bits: _mean(reports, [report.weight_bits.get(bits, 0.0) for report in reports]) for bits in names}
    return {bits: min(share, 1.0) for bits, share in found.items() if share}


def _structured(reports: list[Report]) -> StructuredSparsity:
    total = Pattern()
    for operator in (operator for report in reports for operator in report.operators):
        total += operator.pattern or Pattern()
    return StructuredSparsity(
        two_of_four=_mean(reports, [report.structured.two_of_four for report in reports]),
        one_of_four=_mean(reports, [report.structured.one_of_four for report in reports]),
        output_channels=total.zero_outputs / total.outputs if total.outputs else 0.0,
        input_channels=total.zero_inputs / total.inputs if total.inputs else 0.0,
    )
