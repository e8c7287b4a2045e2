"""Everything that `manage.py calibrate --report` says, as plain values. Needs numpy."""

from collections import Counter
from typing import Any

from grading.bench.cost.calibrating import Power, power_label, power_of
from grading.bench.cost.judging import ENERGY_MEDIAN, POOLED_FAMILY_COVERAGE, TARGETS, Judged, judge, pools_of
from grading.bench.cost.published import Row
from grading.bench.cost.samples import Group, groups_of


def report_card(rows: list[Row]) -> dict[str, Any]:
    """groups: one mapping each (judging.Judged, energy beside it); baseline; targets; unused rows by reason."""
    groups = groups_of(rows)
    pools = pools_of(groups.values())
    powers = power_of(list(groups.values()), pools)
    judged = judge(pools)
    told = [_told(one, groups[one.group], powers.get(one.group)) for one in judged]
    graded = [one for one in judged if one.graded]
    family_rows = sum(one.n for one in graded)
    covered = sum(one.n * (one.family_coverage or 0.0) for one in graded) / family_rows if graded else 0.0
    return {
        "groups": told, "targets": [list(target) for target in TARGETS], "baseline": _baseline(graded),
        "family_coverage_pooled": covered, "family_rows": family_rows, "pooled_pass": covered >= POOLED_FAMILY_COVERAGE,
        "unused": dict(Counter(row.unused for row in rows if row.unused)),
    }  # fmt: skip


def failed(report: dict[str, Any]) -> bool:
    """Whether a graded group misses a target, or all together do."""
    return not report["pooled_pass"] or any(group["graded"] and not group["pass"] for group in report["groups"])


def _told(one: Judged, group: Group, power: Power | None) -> dict[str, Any]:
    found: dict[str, Any] = {"energy_out_median": None, "energy_by": None, "watts": None, "power": ""}
    missed = list(one.missed)
    if power is not None:
        way = ("fitted to mJ" if power.fitted else "latency x watts") if power.best is not None else None
        found = {
            "energy_out_median": power.best, "energy_by": way, "energy_by_watts": power.by_watts, "energy_by_fit": power.by_fit,
            "watts": power.watts, "power": power_label(group, power.watts),
        }  # fmt: skip
        if one.graded and power.best is not None and power.best > ENERGY_MEDIAN:
            missed.append("energy_out_median")
    return {**one.to_json(), **found, "missed": missed, "pass": not missed if one.graded else None}


def _baseline(graded: list[Judged]) -> dict[str, Any]:
    """MACs times a constant against the two targets of the median: it must fail."""
    bounds = {key: value for key, _, value in TARGETS}
    models = [one.baseline_model_out_median for one in graded]
    families = [one.baseline_family_out_median or 0.0 for one in graded]
    good = [
        m <= bounds["model_out_median"] and f <= bounds["family_out_median"]
        for m, f in zip(models, families, strict=True)
    ]
    return {
        "model_out_median": [min(models, default=0.0), max(models, default=0.0)],
        "family_out_median": [min(families, default=0.0), max(families, default=0.0)],
        "groups_pass": sum(good), "groups": len(graded),
    }  # fmt: skip
