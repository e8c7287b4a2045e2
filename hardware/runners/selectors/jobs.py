"""The spells of one board with how they ended and why, and one of them with its log. Reads alone."""

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, QuerySet

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from hardware.models import HELD, BoardEnd, BoardJob, BoardLease, Ended, Job, LogPiece, Purpose, Runner, Status
from hardware.runners.files import log_committed
from hardware.runners.selectors.rows import title_of

A_PAGE, LATE_SHOWN = 25, 20
LOG_SHOWN, LOG_AT_ONCE = 20_000, 64 * 1024  # bytes: the newest of the log on the page, and the most of one answer
BADGES = {
    Ended.MEASURED: Badge("good", "check", "measured"), Ended.FAILED: Badge("bad", "octagon", "fault"),
    Ended.GIVEN_BACK: Badge("neutral", "back", "given back"), Ended.CANCELLED: Badge("neutral", "close", "cancelled"),
    "": Badge("neutral", "clock", "now"),
}  # fmt: skip
MOVE_WORDS = {
    Status.QUEUED: "back in line", Status.LEASED: "given to the board", Status.RUNNING: "begun", Status.PARKED: "with the staff", Status.FINISHED: "ended",
}  # fmt: skip
COLUMNS = ("given_at", "ended_at", "seconds", "job", "attempt", "purpose", "how", "why")


@dataclass(frozen=True)
class SpellFilter:
    """how: a value of Ended, "" for all. purpose: likewise of Purpose."""

    how: str = ""
    purpose: str = ""

    @classmethod
    def of(cls, found: Mapping[str, str]) -> "SpellFilter":
        how, purpose = found.get("how", ""), found.get("purpose", "")
        return cls(how if how in Ended.values else "", purpose if purpose in Purpose.values else "")

    def options(self) -> dict[str, list[dict[str, Any]]]:
        """For the two lists of the form."""
        hows = [("", "however they ended"), *((one.value, one.label.lower()) for one in Ended)]
        purposes = [("", "all work"), *((one.value, one.label.lower()) for one in Purpose)]
        return {
            "hows": [{"value": value, "label": label, "chosen": value == self.how} for value, label in hows],
            "purposes": [
                {"value": value, "label": label, "chosen": value == self.purpose} for value, label in purposes
            ],
        }


def spells_of(runner: Runner, chosen: SpellFilter) -> "QuerySet[BoardLease]":
    found = BoardLease.objects.filter(runner=runner).select_related("job__team").defer("job__plan", "job__environment")
    if chosen.how:
        found = found.filter(how=chosen.how)
    if chosen.purpose:
        found = found.filter(job__purpose=chosen.purpose)
    return found.order_by("-at", "-pk")


def spells_page(runner: Runner, found: Mapping[str, str]) -> dict[str, Any]:
    chosen = SpellFilter.of(found)
    page = Paginator(spells_of(runner, chosen), A_PAGE).get_page(found.get("page", ""))
    rows = [_spell_row(spell) for spell in page]
    return {"spells": rows, "spells_page": page, "chosen": chosen, **chosen.options()}


def _spell_row(spell: BoardLease) -> dict[str, Any]:
    took = spell.ended_at - spell.at if spell.ended_at else None
    return {"spell": spell, "title": title_of(spell.job), "badge": BADGES[spell.how], "took": took}


def spells_csv(runner: Runner, chosen: SpellFilter) -> Iterator[list[object]]:
    for spell in spells_of(runner, chosen).iterator(500):
        ended = spell.ended_at
        yield [
            spell.at.isoformat(), ended.isoformat() if ended else "", (ended - spell.at).total_seconds() if ended else "", title_of(spell.job), spell.attempt,
            spell.job.purpose, spell.how, spell.why,
        ]  # fmt: skip


def late_answers(runner: Runner) -> list[BoardEnd]:
    """What this board said after its spell was over: kept as evidence, never graded."""
    found = BoardEnd.objects.filter(runner=runner, counted=False).select_related("job__team").defer("job__plan")
    return list(found.order_by("-at", "-pk")[:LATE_SHOWN])


def job_of(visit: Visit, runner: Runner, job: Any) -> BoardJob:
    """A job that this runner has or had. Raises NotHere."""
    found = (
        BoardJob.objects.filter(pk=job, course=visit.course, leases__runner=runner)
        .select_related("team", "taken_by")
        .first()
    )
    if found is None:
        raise NotHere("This runner had no such job.")
    return found


def attempt_of(runner: Runner, job: BoardJob, asked: str) -> BoardLease:
    """The spell that is asked for, else the runner's last one at this job. Raises NotHere."""
    spells = BoardLease.objects.filter(runner=runner, job=job).order_by("attempt")
    if asked:
        spells = (
            spells.filter(attempt=int(asked))
            if asked.isascii() and asked.isdecimal() and len(asked) < 10
            else spells.none()
        )
    found = spells.last()
    if found is None:
        raise NotHere("This runner had no such attempt.")
    return found


def log_page(visit: Visit, runner: Runner, job: Any, attempt: str) -> dict[str, Any]:
    """One spell: its log, what became of the job, and what the board said at the end. Raises NotHere."""
    found = job_of(visit, runner, job)
    spell = attempt_of(runner, found, attempt)
    return {
        "runner": runner, "job": found, "title": title_of(found), "spell": spell, "badge": BADGES[spell.how],
        "spells": list(BoardLease.objects.filter(job=found).select_related("runner").order_by("attempt")),
        "ends": list(BoardEnd.objects.filter(job=found, attempt=spell.attempt).order_by("at")),
        "moves": [(move, MOVE_WORDS[Status(move.moved_to)]) for move in Job.objects.get(pk=found.pk).moves.all()], **log_end(found, spell.attempt),
    }  # fmt: skip


def log_end(job: BoardJob, attempt: int) -> dict[str, Any]:
    """The newest of a log for the page, and from where its next piece is asked for."""
    size = log_committed(job, attempt)
    begun = max(size - LOG_SHOWN, 0)
    text, upto = log_from(job, attempt, begun)
    return {
        "log": text,
        "log_upto": upto,
        "is_cut": begun > 0,
        "is_open": job.status in HELD and job.attempt == attempt,
    }


def log_from(job: BoardJob, attempt: int, offset: int) -> tuple[str, int]:
    """(text from this byte on, the byte where the next piece begins). A letter of which a part is still to come is left for then."""
    pieces = (
        LogPiece.objects.filter(job=job, attempt=attempt).annotate(end=F("start") + F("size")).filter(end__gt=offset)
    )
    held = bytearray()
    for start, data in pieces.order_by("start").values_list("start", "data").iterator():
        held += bytes(data)[max(offset - start, 0) :]
        if len(held) >= LOG_AT_ONCE:
            break
    piece = bytes(held[:LOG_AT_ONCE])
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(piece)
    return text, offset + len(piece) - len(decoder.getstate()[0])
