"""How a matching went, in a sentence, a bar and a table that anybody can check."""

from typing import Any

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.seminar.matching import LEFT_OUT, Slot, Student, drawn_order, rank_of
from courseplatform.seminar.models import Duty, MatchingRun, PresentationSlot
from courseplatform.seminar.snapshots import compute, parts_of

SEGMENTS = 4  # ranks drawn apart; the rest is one


def run_get(visit: Visit, key: int) -> MatchingRun:
    """Students see published runs. Raises NotHere."""
    found = MatchingRun.objects.filter(round__course=visit.course, pk=key).select_related("round__course")
    if not visit.is_staff:
        found = found.filter(status=MatchingRun.Status.PUBLISHED)
    run = found.first()
    if run is None:
        raise NotHere("There is no such matching, or it is not published.")
    return run


def latest_runs(visit: Visit) -> list[dict[str, Any]]:
    """The last published run of each kind of duty, with its sentence and bar."""
    runs = MatchingRun.objects.filter(round__course=visit.course, status=MatchingRun.Status.PUBLISHED)
    seen: dict[str, MatchingRun] = {}
    for run in runs.select_related("round__course").order_by("-published_at", "-pk"):
        seen.setdefault(run.round.role, run)
    return [summary(visit, seen[role]) for role in (Duty.PRESENTER, Duty.REVIEWER) if role in seen]


def summary(visit: Visit, run: MatchingRun) -> dict[str, Any]:
    students, slots = parts_of(run.snapshot)
    places = dict(run.result["places"])
    me = next((student for student in students if student.key == visit.person.pk), None)
    mine = rank_of(me, places[me.key]) if me and me.key in places else None
    at = timezone.localtime(run.published_at or run.made_at)
    return {
        "run": run, "day": f"{at:%a %b %-d}", "students": len(students), "slots": len(slots), "role": run.round.get_role_display(),
        "segments": segments(run.counts, mine, len(run.result["unplaced"])), "places": sum(slot.most for slot in slots),
        "mine": mine, "mine_words": rank_words(mine) if mine is not None else "", "unplaced": len(run.result["unplaced"]),
        "short": len(run.result["short"]), "has_least": any(slot.least for slot in slots),
    }  # fmt: skip


def rank_words(rank: int) -> str:
    return "not ranked" if rank == LEFT_OUT else f"{numbers.ordinal(rank)} choice"


def segments(counts: dict[str, int], mine: int | None, unplaced: int = 0) -> list[dict[str, Any]]:
    """The bar: x and width in % of all students, the word, and where I am. Ranks after the third but the last one drawn are one part."""
    parts: list[tuple[str, int, bool]] = []
    ranks = {int(rank): count for rank, count in counts.items()}
    parts += [
        (rank_words(rank), ranks[rank], rank == mine)
        for rank in sorted(rank for rank in ranks if rank != LEFT_OUT)
        if rank < SEGMENTS or (rank == SEGMENTS and max(ranks) == SEGMENTS)
    ]
    later = sum(count for rank, count in ranks.items() if rank >= SEGMENTS)
    if later and max(ranks) > SEGMENTS:
        parts.append((f"{numbers.ordinal(SEGMENTS)} or later", later, mine is not None and mine >= SEGMENTS))
    if ranks.get(LEFT_OUT):
        parts.append(("not ranked", ranks[LEFT_OUT], mine == LEFT_OUT))
    if unplaced:
        parts.append(("without a place", unplaced, False))
    return _laid(parts)


def _laid(parts: list[tuple[str, int, bool]]) -> list[dict[str, Any]]:
    total, x, found = sum(count for _, count, _ in parts) or 1, 0.0, []
    for number, (word, count, is_mine) in enumerate(parts):
        width = 100 * count / total
        place = {"x": f"{x:.2f}", "width": f"{width:.2f}", "middle": f"{x + width / 2:.2f}", "tone": min(number, 4)}
        found.append(place | {"count": count, "word": word, "is_mine": is_mine})
        x += width
    return found


def check_page(visit: Visit, run: MatchingRun) -> dict[str, Any]:
    """Every order under its drawn number, the slots, and whether the computation gives the same now."""
    students, slots = parts_of(run.snapshot)
    again = compute(run.snapshot, run.seed)
    return summary(visit, run) | {
        "is_same": again["result"] == run.result and again["counts"] == run.counts,
        "rows": check_rows(visit, run, students), "slot_rows": slot_lines(visit, run, slots, students), "seed": run.seed,
        "names": visit.is_staff,
    }  # fmt: skip


def check_rows(visit: Visit, run: MatchingRun, students: list[Student]) -> list[dict[str, Any]]:
    """In drawn order. Names for staff only; a student sees which line is theirs."""
    places = dict(run.result["places"])
    names = (
        dict(User.objects.filter(pk__in=[student.key for student in students]).values_list("pk", "name"))
        if visit.is_staff
        else {}
    )
    by_key = {student.key: student for student in students}
    labels = slot_labels(run)
    rows = []
    for number, key in enumerate(drawn_order(by_key, run.seed), start=1):
        student, slot = by_key[key], places.get(key)
        rows.append(
            {"number": number, "is_me": key == visit.person.pk, "name": names.get(key, ""), "order": list(student.order),
             "forbidden": sorted(student.forbidden), "slot": slot, "slot_label": labels.get(slot, "") if slot else "no place",
             "rank": rank_words(rank_of(student, slot)) if slot else "without a place"}
        )  # fmt: skip
    return rows


def slot_labels(run: MatchingRun) -> dict[int, str]:
    keys = [row["key"] for row in run.snapshot["slots"]]
    return {slot.pk: slot.short for slot in PresentationSlot.objects.filter(pk__in=keys).select_related("paper")}


def slot_lines(visit: Visit, run: MatchingRun, slots: list[Slot], students: list[Student]) -> list[dict[str, Any]]:
    """For each slot: places, how many had it first, the ranks of those who got it, and where it stands in my order."""
    places, by_key = dict(run.result["places"]), {student.key: student for student in students}
    me, labels = by_key.get(visit.person.pk), slot_labels(run)
    lines = []
    for slot in slots:
        got = sorted(rank_of(by_key[key], slot.key) or 999 for key, where in places.items() if where == slot.key)
        lines.append(
            {"key": slot.key, "label": labels.get(slot.key, ""), "most": slot.most, "least": slot.least,
             "first": sum(rank_of(student, slot.key) == 1 for student in students),
             "got": ", ".join(rank_words(rank % 999).removesuffix(" choice") for rank in got) or "nobody",
             "mine": rank_of(me, slot.key) if me else LEFT_OUT, "is_mine": me is not None and places.get(me.key) == slot.key}
        )  # fmt: skip
    return sorted(lines, key=lambda line: (line["mine"] == LEFT_OUT, line["mine"], line["key"])) if me else lines


CHECK_COLUMNS = ("Drawn", "You", "Name", "Slots ranked", "Slots not allowed", "Slot", "Paper", "Rank")


def check_csv(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [
        [row["number"], "yes" if row["is_me"] else "", row["name"], " ".join(map(str, row["order"])), " ".join(map(str, row["forbidden"])),
         row["slot"] or "", row["slot_label"], row["rank"]]
        for row in rows
    ]  # fmt: skip
