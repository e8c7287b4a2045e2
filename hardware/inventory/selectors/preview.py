"""A plan of an import as its page shows it: what needs a look first, what needs none folded away."""

from typing import Any

from courseplatform.core.badges import Badge
from hardware.inventory.stock.plan import CHANGED, NEW, REFUSED, SAME, Line, Plan
from hardware.models import StockImport

BADGES = {
    REFUSED: Badge("bad", "octagon", "refused"),
    CHANGED: Badge("neutral", "diamond", "changed"),
    NEW: Badge("good", "check", "new"),
    SAME: Badge("neutral", "dot", "the same"),
}
GROUPS = (("Refused: these rows are left out", REFUSED), ("Changed", CHANGED), ("New", NEW), ("The same", SAME))
MOST_SHOWN = 700  # unfolded at once


def preview(stock_import: StockImport, plan: Plan) -> dict[str, Any]:
    groups = [
        {"title": title, "lines": [_line(line) for line in lines], "is_open": verdict != SAME and len(lines) <= MOST_SHOWN}
        for title, verdict in GROUPS
        if (lines := plan.of(verdict))
    ]  # fmt: skip
    new = [one.name for one in plan.products if one.row is None]
    return {
        "import": stock_import, "groups": groups, "new_products": new, "digest": plan.digest, "writes": len(plan.of(NEW, CHANGED)),
        "counts": [{"count": len(lines), "word": BADGES[verdict].word} for _, verdict in GROUPS if (lines := plan.of(verdict))],
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    cells = line.row.cells
    return {
        "line": line.row.line, "badge": BADGES[line.verdict], "tag": cells.get("tag", ""), "product": cells.get("product", ""),
        "faults": [{"column": column, "code": code, "sentence": sentence} for column, code, sentence in line.row.faults],
        "changes": line.changes, "count": line.count, "serial": cells.get("serial", ""),
    }  # fmt: skip
