"""The page of papers for visitors, members and staff; one paper; the staff's desk."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.http import QueryDict

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.seminar.models import Highlight, MatchingRun, Paper, PreferenceRound, PresentationSlot
from courseplatform.seminar.offers import snapshot_of
from courseplatform.seminar.people import students_of
from courseplatform.seminar.policy import policy_of
from courseplatform.seminar.selectors.badges import paper_badge, run_badge
from courseplatform.seminar.selectors.duties import headline, owed, swaps_of
from courseplatform.seminar.selectors.matched import latest_runs, segments
from courseplatform.seminar.selectors.ranking import open_rounds, ranking_context
from courseplatform.seminar.selectors.slots import SlotRow, by_session, past_line, session_choices, slot_rows


@dataclass(frozen=True)
class DatedPaper:
    """A paper with the moment or day on which it is presented, as far as that is known."""

    paper: Paper
    slot: PresentationSlot | None

    @property
    def day(self) -> date | None:
        return self.slot.session.held_on if self.slot else self.paper.wanted_on

    @property
    def machine(self) -> str:
        """For <time datetime>: the instant with its offset where the session has an hour, else the day."""
        if self.slot and self.slot.session.starts_at and self.slot.begins_at:
            return self.slot.begins_at.isoformat(timespec="minutes")
        return self.day.isoformat() if self.day else ""


def public_papers(course: Course) -> list[DatedPaper]:
    """What stands on the list, in the order of its days; without a day at the end. Two queries."""
    slots = PresentationSlot.objects.of(course).filter(session__is_published=True).select_related("session__course")
    by_paper = {slot.paper_id: slot for slot in slots.in_order()}
    found = [DatedPaper(paper, by_paper.get(paper.pk)) for paper in Paper.objects.filter(course=course).readable()]
    return sorted(
        found,
        key=lambda row: (
            row.day is None,
            row.day or date.max,
            row.slot.position if row.slot else 99,
            row.paper.position,
        ),
    )


def public_page(course: Course) -> dict[str, Any]:
    """The list with what its source calls it; a column in which nothing stands is left out. Two queries."""
    rows = public_papers(course)
    return {
        "course": course,
        "rows": rows,
        "heading": course.facts.get("course", {}).get("headings", {}).get("papers", ""),
        "has_days": any(row.day for row in rows),
        "has_venues": any(row.paper.venue for row in rows),
        "has_links": any(row.paper.url for row in rows),
    }


def member_page(visit: Visit, query: QueryDict, now: datetime) -> dict[str, Any]:
    """A bounded number of queries, whatever the size of the course."""
    swaps = swaps_of(visit, now)
    rows = slot_rows(visit.course, visit.person, now, swaps["slots"], staff=visit.is_staff)
    context = {"swaps": swaps, "policy": policy_of(visit.course), "matched": latest_runs(visit)} | table(
        visit, rows, query
    )
    if visit.is_staff:
        return context | {"headline": staff_headline(visit, rows), "rankings": []}
    found = [ranking_context(visit, item, query, now) for item in open_rounds(visit)]
    rankings = [ranking for ranking in found if ranking is not None]
    mine = [row for row in rows if row.is_mine]
    for ranking in rankings:
        for row in rows:
            row.first = max(row.first or 0, ranking["first"].get(row.slot.pk, 0))
    return context | {
        "rankings": rankings, "owed": owed(visit, rows, swaps, rankings, now), "headline": headline(visit, rows, swaps, rankings, now),
        "mine": mine, "next_mine": next((row for row in mine if not row.is_over), None),
        "proposals": [(paper, paper_badge(paper)) for paper in my_proposals(visit)],
    }  # fmt: skip


def my_proposals(visit: Visit) -> list[Paper]:
    found = Paper.objects.filter(course=visit.course, proposed_by=visit.person).exclude(status=Paper.Status.WITHDRAWN)
    return list(found.select_related("course", "counter"))


def table(visit: Visit, rows: list[SlotRow], query: QueryDict) -> dict[str, Any]:
    """The table of all slots: what is over is one line until it is asked for."""
    only_mine, shows_past = query.get("mine") == "1", query.get("past") == "1" or query.get("mine") == "1"
    shown = [row for row in rows if row.is_mine or not only_mine]
    past = [row for row in shown if row.is_over]
    used = {row.slot.paper_id for row in rows}
    waiting = Paper.objects.filter(course=visit.course).readable().exclude(pk__in=[key for key in used if key])
    return {
        "groups": by_session(row for row in shown if shows_past or not row.is_over), "past": None if shows_past else past_line(past),
        "shows_past": shows_past and bool(past), "only_mine": only_mine, "slots": len(rows), "without_slot": list(waiting.select_related("course")),
        "papers": len({key for key in used if key}) + waiting.count(), "has_mine": any(row.is_mine for row in rows),
    }  # fmt: skip


def staff_headline(visit: Visit, rows: list[SlotRow]) -> dict[str, str]:
    """What waits for the staff, as a title."""
    proposals = Paper.objects.filter(course=visit.course, status=Paper.Status.PROPOSED).count()
    texts = Highlight.objects.of(visit.course).filter(status=Highlight.Status.SUBMITTED).count()
    coming = [row for row in rows if not row.is_over]
    parts = [
        f"{proposals} {'proposal waits' if proposals == 1 else 'proposals wait'}" if proposals else "",
        f"{texts} {'highlight waits' if texts == 1 else 'highlights wait'}" if texts else "",
    ]
    words = " and ".join(part for part in parts if part)
    without = sum(row.slot.paper_id is None for row in coming)
    open_places = sum(row.open_presenters for row in coming)
    sentence = f"{len(coming)} slots to come: {without} without a paper, {open_places} places to present open."
    return {"title": f"{words} for your answer" if words else "Nothing waits for you", "sentence": sentence}


def paper_get(visit: Visit, slug: str) -> Paper:
    """Raises NotHere for a paper that is not this person's to see."""
    found = Paper.objects.visible_to(visit).select_related("course", "proposed_by", "counter").filter(slug=slug).first()
    if found is None:
        raise NotHere("There is no such paper in this course.")
    return found


def paper_page(visit: Visit, paper: Paper) -> dict[str, Any]:
    slots = (
        PresentationSlot.objects.of(visit.course)
        .filter(paper=paper)
        .select_related("session__course")
        .prefetch_related("people__person")
    )
    is_own = paper.proposed_by_id == visit.person.pk
    return {
        "paper": paper, "badge": paper_badge(paper), "slots": list(slots), "is_own": is_own,
        "history": [(row, Paper.Status(row.moved_to).label) for row in paper.moves.all()] if is_own or visit.is_staff else [],
        "may_change": visit.is_staff or (is_own and paper.status in Paper.OPEN), "may_answer": visit.is_staff and paper.status in Paper.OPEN,
        "may_withdraw": (visit.is_staff and paper.status in Paper.READABLE) or (is_own and paper.status in Paper.OPEN),
        "may_restore": visit.is_staff and paper.status == Paper.Status.WITHDRAWN,
    }  # fmt: skip


def countering_choices(course: Course) -> list[Paper]:
    """Papers of the list that no slot holds yet."""
    used = PresentationSlot.objects.of(course).exclude(paper=None).values("paper")
    return list(Paper.objects.filter(course=course).readable().exclude(pk__in=used))


def manage_page(visit: Visit, now: datetime) -> dict[str, Any]:
    """The staff's desk: proposals, slots, rounds with their runs, all papers."""
    rows = slot_rows(visit.course, None, now, staff=True)
    papers = Paper.objects.filter(course=visit.course).select_related("course", "proposed_by")
    return {
        "proposals": [(paper, paper_badge(paper)) for paper in papers if paper.status in Paper.OPEN],
        "papers": [(paper, paper_badge(paper), _days(rows, paper)) for paper in papers if paper.status not in Paper.OPEN],
        "groups": by_session(rows), "slots": len(rows), "sessions": session_choices(visit.course),
        "rounds": [round_card(found, now) for found in _rounds(visit)], "policy": policy_of(visit.course), "headline": staff_headline(visit, rows),
        "idle": _idle(visit, rows),
    }  # fmt: skip


def _days(rows: list[SlotRow], paper: Paper) -> list[date]:
    return [row.slot.session.held_on for row in rows if row.slot.paper_id == paper.pk and row.slot.session.held_on]


def _idle(visit: Visit, rows: list[SlotRow]) -> list[str]:
    """Students who present nothing, by name."""
    busy = {person.person_id for row in rows for person in row.presenters}
    return [person.name for person in students_of(visit.course) if person.pk not in busy]


def _rounds(visit: Visit) -> list[PreferenceRound]:
    kept = PreferenceRound.objects.filter(course=visit.course).filter(~Q(status=PreferenceRound.Status.CANCELLED))
    return list(kept.select_related("course").prefetch_related("runs", "rankings")[:6])


def round_card(found: PreferenceRound, now: datetime) -> dict[str, Any]:
    is_open = found.status == PreferenceRound.Status.OPEN
    return {
        "round": found, "is_open": is_open, "takes": found.takes_orders(now), "ranked": len(found.rankings.all()),
        "to_match": len(snapshot_of(found, now)["students"]) if is_open else 0,
        "badge": Badge("warn", "clock", "students rank") if found.takes_orders(now)
        else Badge("warn", "triangle", "closed, not matched") if is_open else Badge("good", "check", "matched"),
        "runs": [
            {"run": run, "badge": run_badge(run), "segments": segments(run.counts, None, len(run.result["unplaced"])),
             "is_preview": run.status == MatchingRun.Status.PREVIEW}
            for run in found.runs.all()
            if run.status != MatchingRun.Status.DISCARDED
        ],
    }  # fmt: skip
