"""The figure "Over the term" as a PNG, drawn as other plots are: by Matplotlib, in a process of its own, on white."""

import json
from datetime import timedelta
from pathlib import Path

import hardware
from courseplatform.core.plot_files import drawn
from hardware.inventory.selectors.usage import OverTheTerm
from hardware.inventory.term.usage import midnight

CHILD = Path(hardware.__file__).with_name("draw_term.py")


def picture(found: OverTheTerm) -> bytes:
    """Raises Unavailable (`not_drawn`)."""
    term = found.term
    line = [[midnight(one.day, term.zone).timestamp(), one.out] for one in found.days]
    said = {
        "zone": term.zone.key, "title": f"{found.chosen.label}, out over the term", "finding": f"{found.finding} {found.how}",
        "start": term.start.timestamp(), "end": (term.end + timedelta(days=1)).timestamp(), "now": min(term.now, term.end).timestamp(), "line": line,
        "owned": found.chosen.owned, "label": "out", "back": term.back_at.timestamp() if found.drawing.plan and term.back_at else None,
        "ticks": [number for _, number in found.drawing.ticks],
        "marks": [[mark.at.timestamp(), mark.label] for mark in found.marks if mark.kind == "due" and term.start <= mark.at <= term.end],
    }  # fmt: skip
    return drawn(CHILD, json.dumps(said, sort_keys=True), "png")
