"""The report of `manage.py calibrate` as lines for a person. Pure Python."""

from typing import Any

COLUMNS = (
    ("n", "n", "{:.0f}", 1), ("models", "nets", "{:.0f}", 1), ("families", "fam", "{:.0f}", 1),
    ("model_out_median", "med", "{:.1f}", 100), ("model_out_p90", "p90", "{:.1f}", 100),
    ("family_out_median", "f.med", "{:.1f}", 100), ("worst_family_median", "worst", "{:.1f}", 100),
    ("model_coverage", "cov", "{:.0f}", 100), ("model_width", "width", "{:.2f}", 1),
    ("family_coverage", "f.cov", "{:.0f}", 100), ("family_width", "f.width", "{:.2f}", 1),
    ("model_rank", "rank", "{:.3f}", 1), ("family_rank", "f.rank", "{:.3f}", 1),
    ("model_flagged_share", "flag", "{:.0f}", 100), ("family_flagged_share", "f.flag", "{:.0f}", 100),
    ("energy_out_median", "mJ", "{:.1f}", 100),
)  # fmt: skip
WIDE = 40
LEGEND = (
    "One network left out of all groups, versions and repeats at once: med, p90 (error in %), cov (% inside the 90 % interval),",
    "width (upper end / lower end, median), rank (Spearman), flag (% flagged), mJ (error of the energy in %). f.: one family left",
    "out; worst: the unflagged family with the largest median. Never graded: fewer than 20 rows or 3 families, threads not",
    "stated, accelerators.",
)


def lines(report: dict[str, Any]) -> list[str]:
    """The whole report; its last line says how many groups pass."""
    groups = report["groups"]
    graded = [group for group in groups if group["graded"]]
    rest = [group for group in groups if not group["graded"]]
    pooled = f"family intervals of all graded groups together cover {100 * report['family_coverage_pooled']:.0f} % of"
    wanted = f"{report['family_rows']} rows (wanted: 85 %){'' if report['pooled_pass'] else '  FAILS'}"
    return [
        *LEGEND, "", _head(), *map(_line, graded),
        f"{'baseline: MACs x constant':<{WIDE}}{_baseline(report['baseline'])}", "",
        *_apart(graded), f"{pooled} {wanted}",
        *_watts(groups), "", "never graded", _head(), *map(_line, rest), "", *_unused(report),
        f"calibrate: {sum(group['pass'] for group in graded)}/{len(graded)} groups pass",
    ]  # fmt: skip


SWEPT = (
    ("rows", "n", "{:.0f}", 1), ("wholes", "nets", "{:.0f}", 1), ("families", "fam", "{:.0f}", 1),
    ("family_out_median", "f.med", "{:.1f}", 100), ("family_out_p90", "f.p90", "{:.1f}", 100),
    ("worst_family_median", "worst", "{:.1f}", 100), ("size_out_median", "med", "{:.1f}", 100),
    ("operators_out_median", "op.med", "{:.1f}", 100), ("covered", "f.cov", "{:.0f}", 100), ("flagged", "flag", "{:.0f}", 100),
)  # fmt: skip


def sweep_lines(judged: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Of (group, refitting.Judgement as JSON): boards that were calibrated. Errors are of whole networks, op.med of single operators."""
    if not judged:
        return []
    head = f"{'calibrations of boards':<{WIDE}}" + "".join(f"{title:>8}" for _, title, _, _ in SWEPT)
    rows = [
        f"{group:<{WIDE}}" + "".join(f"{form.format(values[key] * factor):>8}" for key, _, form, factor in SWEPT)
        for group, values in judged
    ]
    return ["", head, *rows]


def _head() -> str:
    return f"{'group':<{WIDE}}" + "".join(f"{title:>8}" for _, title, _, _ in COLUMNS) + "  verdict"


def _line(group: dict[str, Any]) -> str:
    cells = []
    for key, _, form, factor in COLUMNS:
        value = group.get(key)
        cells.append(f"{'-' if value is None else form.format(value * factor):>8}")
    return f"{group['group']:<{WIDE}}{''.join(cells)}  {_verdict(group)}"


def _verdict(group: dict[str, Any]) -> str:
    if not group["graded"]:
        return "few rows" if group["few_rows"] else "not graded"
    return "pass" if group["pass"] else f"FAILS {', '.join(group['missed'])}"


def _baseline(base: dict[str, Any]) -> str:
    return (
        f"model out {100 * base['model_out_median'][0]:.0f} to {100 * base['model_out_median'][1]:.0f} %, family out "
        f"{100 * base['family_out_median'][0]:.0f} to {100 * base['family_out_median'][1]:.0f} %: "
        f"{base['groups_pass']} of {base['groups']} groups would pass"
    )


def _apart(graded: list[dict[str, Any]]) -> list[str]:
    """Flagged rows by themselves."""
    found = ["flagged rows apart, median error in %: group, one network out, one family out"]
    for group in graded:
        cells = [group["model_flagged_median"], group["family_flagged_median"]]
        shown = ["-" if value is None else f"{100 * value:.0f}" for value in cells]
        found.append(f"  {group['group']:<{WIDE}}{shown[0]:>8}{shown[1]:>8}")
    return [*found, ""]


def _watts(groups: list[dict[str, Any]]) -> list[str]:
    powered = [group for group in groups if group["power"]]
    return ["", "power while it infers", *(f"  {group['group']:<{WIDE}}{group['power']}" for group in powered)]


def _unused(report: dict[str, Any]) -> list[str]:
    return [f"{count} rows not used: {reason}" for reason, count in sorted(report["unused"].items())]
