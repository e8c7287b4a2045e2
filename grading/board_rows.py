"""The table of boards: what a model needs there, what there is, and each reason once. Pure: stored verdicts in, rows out."""

from collections.abc import Mapping
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from hardware.profiles import DeviceProfile

Json = dict[str, Any]


def board_rows(fits: Mapping[str, Json], profiles: Mapping[str, DeviceProfile], lab_board: str) -> list[Json]:
    """One row a board, the lab's first."""
    rows = [_row(profiles[slug].name, verdict, slug == lab_board) for slug, verdict in fits.items() if slug in profiles]
    return sorted(rows, key=lambda row: not row["is_lab"])


def reasons(fits: Mapping[str, Json], profiles: Mapping[str, DeviceProfile]) -> list[dict[str, str]]:
    """Why a model does not run somewhere: each sentence with the boards it holds for."""
    boards: dict[str, list[str]] = {}
    for slug, verdict in fits.items():
        if slug in profiles and not verdict["fits"] and verdict["runtime"]["why"]:
            name = profiles[slug].name
            boards.setdefault(verdict["runtime"]["why"].replace(f"the {name}", "this board"), []).append(name)
    return [{"boards": "; ".join(names), "why": why} for why, names in boards.items()]


def _row(name: str, verdict: Json, is_lab: bool) -> Json:
    ram, flash = verdict["ram"], verdict["flash"]
    return {
        "name": name, "is_lab": is_lab, "badge": _badge(verdict),
        "ram": numbers.size(ram["limit_bytes"]), "ram_need": numbers.size(ram["need_bytes"]),
        "flash": numbers.size(flash["limit_bytes"]) if flash["limit_bytes"] else "memory card",
        "flash_need": numbers.size(flash["need_bytes"]),
    }  # fmt: skip


def _badge(verdict: Json) -> Badge:
    if verdict["fits"]:
        return Badge("good", "check", "fits")
    over = {
        part: verdict[key]["need_bytes"] - verdict[key]["limit_bytes"]
        for part, key in (("RAM", "ram"), ("flash", "flash"))
        if verdict[key]["limit_bytes"]
    }
    part = max(over, key=lambda name: over[name], default="")
    if part and over[part] > 0:
        return Badge("bad", "octagon", f"{numbers.size(over[part])} of {part} over")
    return Badge("bad", "octagon", "does not run")
