"""The table of a family as it leaves the house: CSV, JSON, LaTeX. Pure. Measured variants only, by rising FLOPs."""

from collections.abc import Callable
from typing import Any

from grading.families.front import Family, Variant
from grading.families.labels import TIMES, head_of, said_labels

BASIS = {
    "counted": "macs, flops, parameters, weight_bytes, model_bytes, peak_activation_bytes",
    "shown, not graded": "latency_ms, on the host; low and high are the least and the largest median of the processes",
}
LATEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}",
         "^": r"\textasciicircum{}", "×": r"$\times$", "\u00a0": "~", "<": r"\textless{}", ">": r"\textgreater{}",
         "µ": r"$\mu$"}  # fmt: skip
CAPTION = (
    r"FLOPs are 2 $\times$ MACs (counted). Latency is the median on the course's host, with the least and the largest median of its "
    r"processes (shown, not graded). {title} with {interval}. F: on the front of {words} against FLOPs; T: against latency."
)
Column = tuple[str, Callable[[Family, Variant], Any]]


def _columns(family: Family) -> list[Column]:
    by = family.scored.name
    labels = [_label_column(label) for label in said_labels(family.vary)]
    return [
        ("name", lambda _, one: one.name), *labels,
        ("input", lambda _, one: one.size.replace(TIMES, "x")), ("format", lambda _, one: one.format),
        ("parameters", lambda _, one: one.params), ("weight_bytes", lambda _, one: one.weight_bytes),
        ("model_bytes", lambda _, one: one.model_bytes), ("peak_activation_bytes", lambda _, one: one.peak_bytes),
        ("macs", lambda _, one: one.macs), ("flops", lambda _, one: one.flops),
        ("latency_ms", lambda _, one: one.p50_ms), ("latency_low_ms", lambda _, one: one.fast_ms), ("latency_high_ms", lambda _, one: one.slow_ms),
        (by, lambda _, one: one.score), (f"{by}_low", lambda _, one: round(one.low, 6)),
        (f"{by}_high", lambda _, one: round(one.high, 6)), ("correct", lambda _, one: one.correct), ("inputs", lambda _, one: one.n),
        ("front_by_flops", lambda of, one: one in of.by_flops), ("front_by_time", lambda of, one: one in of.by_time),
        ("knee", lambda of, one: one is of.knee), ("chosen", lambda _, one: one.is_chosen), ("sha256", lambda _, one: one.sha256),
    ]  # fmt: skip


def csv_table(family: Family) -> tuple[list[str], list[list[Any]]]:
    """(heads, rows): what a program reads, in full precision; yes and no are words."""
    columns = _columns(family)
    rows = [[_plain(read(family, one)) for _, read in columns] for one in family.variants]
    return [name for name, _ in columns], rows


def _label_column(label: str) -> Column:
    return label, lambda _, one: one.labels.get(label, "")


def _plain(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def json_table(family: Family) -> dict[str, Any]:
    columns = _columns(family)
    return {
        "vary": list(family.vary),
        "basis": BASIS
        | {"measured": f"{family.scored.name}, with {family.scored.interval_words}, on the lab's hidden inputs"},
        "knee": family.knee.name if family.knee else None,
        "variants": [{name: read(family, one) for name, read in columns} for one in family.variants],
    }


def latex_table(family: Family, title: str) -> str:
    """A table for the report: booktabs, units in the head once, the chosen variant in bold."""
    heads = [
        head_of(family.vary),
        "Input, px",
        "Parameters",
        "FLOPs, k",
        f"Latency, {family.time_unit[1]}",
        "",
        family.scored.head,
        "",
        "Front",
    ]
    lines = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        r"\begin{tabular}{llrrrlrll}",
        r"\toprule",
        " & ".join(latex(head) for head in heads) + r" \\",
        r"\midrule",
        *(_latex_row(family, one) for one in family.variants),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{latex(title)}. {_caption(family)}}}",
        r"\end{table}",
        "",
    ]
    return "\n".join(lines)


def _caption(family: Family) -> str:
    by = family.scored
    return CAPTION.format(title=latex(by.title), words=latex(by.words), interval=latex(by.interval_words))


def _latex_row(family: Family, one: Variant) -> str:
    front = ("F" if one in family.by_flops else "") + ("T" if one in family.by_time else "")
    unit, _ = family.time_unit
    cells = [
        latex(one.title), latex(one.size), f"{one.params}", f"{one.flops / 1000:.3g}", f"{one.p50_ms / unit:.3g}",
        f"({one.fast_ms / unit:.3g}--{one.slow_ms / unit:.3g})", one.scored.bare(one.score), f"({one.scored.bare(one.low)}--{one.scored.bare(one.high)})",
        front,
    ]  # fmt: skip
    if one is family.chosen:
        cells[0] = rf"\textbf{{{cells[0]}}}"
    return " & ".join(cells) + r" \\"


def latex(text: str) -> str:
    """A text as LaTeX prints it: what a student calls a variant is no command."""
    return "".join(LATEX.get(sign, sign) for sign in text if sign >= " ")
