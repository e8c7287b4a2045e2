"""A plan of an import as its page shows it: what needs a look first, what needs none folded away."""

from typing import Any

from courseplatform.core.badges import Badge
from hardware.inventory.kits.plan import KitLine, KitPlan
from hardware.inventory.stock.plan import CHANGED, NEW, REFUSED, SAME, Line, Plan
from hardware.models import StockImport

BADGES = {
    REFUSED: Badge("bad", "octagon", "refused"),
    CHANGED: Badge("neutral", "diamond", "changed"),
    NEW: Badge("good", "check", "new"),
    SAME: Badge("neutral", "dot", "the same"),
}
GROUPS = (("Refused: left out", REFUSED), ("Changed", CHANGED), ("New", NEW), ("The same", SAME))
MOST_SHOWN = 700  # unfolded at once


def preview(stock_import: StockImport, plan: Plan) -> dict[str, Any]:
    shown = _shown(stock_import, {verdict: [_line(line) for line in plan.of(verdict)] for _, verdict in GROUPS})
    return shown | {"new_products": [one.name for one in plan.products if one.row is None], "digest": plan.digest}


def kit_preview(stock_import: StockImport, plan: KitPlan) -> dict[str, Any]:
    """One line a kit; a refusal names the line of its row."""
    return _shown(stock_import, {verdict: [_kit(one) for one in plan.of(verdict)] for _, verdict in GROUPS}) | {
        "digest": plan.digest
    }


def _shown(stock_import: StockImport, lines: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "import": stock_import, "writes": len(lines[NEW]) + len(lines[CHANGED]),
        "groups": [
            {"title": title, "lines": lines[verdict], "is_open": verdict != SAME and len(lines[verdict]) <= MOST_SHOWN}
            for title, verdict in GROUPS
            if lines[verdict]
        ],
        "counts": [{"count": len(lines[verdict]), "word": BADGES[verdict].word} for _, verdict in GROUPS if lines[verdict]],
    }  # fmt: skip


def _kit(one: KitLine) -> dict[str, Any]:
    return {
        "line": one.rows[0].line, "badge": BADGES[one.verdict], "tag": one.tag, "product": one.name, "changes": one.changes, "count": None,
        "serial": f"{len(one.rows)}",
        "faults": [
            {"column": f"line {line}, {column}" if column else f"line {line}", "code": code, "sentence": sentence}
            for line, column, code, sentence in one.faults
        ],
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    cells = line.row.cells
    return {
        "line": line.row.line, "badge": BADGES[line.verdict], "tag": cells.get("tag", ""), "product": cells.get("product", ""),
        "faults": [{"column": column, "code": code, "sentence": sentence} for column, code, sentence in line.row.faults],
        "changes": line.changes, "count": line.count, "serial": cells.get("serial", ""),
    }  # fmt: skip
