"""The badges of papers, slots, highlights and swaps."""

from datetime import datetime

from courseplatform.core.badges import Badge
from courseplatform.seminar.models import Highlight, MatchingRun, Paper, PresentationSlot

P, H, M = Paper.Status, Highlight.Status, MatchingRun.Status

PAPER = {
    P.LISTED: Badge("neutral", "info", "on the list"),
    P.PROPOSED: Badge("warn", "clock", "proposed"),
    P.COUNTERED: Badge("warn", "triangle", "another one offered"),
    P.ACCEPTED: Badge("good", "check", "proposal taken"),
    P.DECLINED: Badge("bad", "octagon", "declined"),
    P.WITHDRAWN: Badge("neutral", "close", "withdrawn"),
}
HIGHLIGHT = {
    H.ASSIGNED: Badge("neutral", "info", "not handed in"),
    H.SUBMITTED: Badge("warn", "clock", "waits for staff"),
    H.RETURNED: Badge("warn", "triangle", "changes asked for"),
    H.PUBLISHED: Badge("good", "check", "published"),
    H.CANCELLED: Badge("neutral", "close", "cancelled"),
}
RUN = {
    M.PREVIEW: Badge("warn", "clock", "preview"),
    M.PUBLISHED: Badge("good", "check", "published"),
    M.DISCARDED: Badge("neutral", "close", "discarded"),
}


def paper_badge(paper: Paper) -> Badge:
    return PAPER[P(paper.status)]


def highlight_badge(highlight: Highlight, now: datetime) -> Badge:
    if highlight.status == H.ASSIGNED and highlight.due_at and highlight.due_at < now:
        return Badge("bad", "octagon", "overdue")
    return HIGHLIGHT[H(highlight.status)]


def run_badge(run: MatchingRun) -> Badge:
    return RUN[M(run.status)]


def slot_badge(slot: PresentationSlot, now: datetime, *, is_mine: bool, is_swap: bool, is_held: bool) -> Badge | None:
    """What is to know about a slot at a glance; None: paper agreed, nothing due soon. is_held: somebody presents."""
    if slot.session.is_cancelled or slot.session.is_withdrawn:
        return Badge("bad", "octagon", "session cancelled")
    if is_swap:
        return Badge("neutral", "clock", "swap asked")
    if slot.is_over(now):
        return Badge("neutral", "tick", "presented") if is_held else Badge("neutral", "close", "nobody presented")
    return _open_badge(slot, now) or (Badge("neutral", "flag", "yours") if is_mine else None)


def _open_badge(slot: PresentationSlot, now: datetime) -> Badge | None:
    if slot.paper is None:
        by = slot.choose_by
        return Badge("warn", "triangle", f"open until {by:%a %b} {by.day}" if by else "no paper yet")
    if slot.slides_in_at:
        return Badge("good", "check", "slides are in")
    due = slot.slides_due_at
    if due is None or (due - now).days >= 7:
        return None
    if due <= now:
        return Badge("bad", "octagon", "slides are missing")
    return Badge("warn", "triangle", f"slides due {due.astimezone(slot.session.course.tz):%a %b %-d}")
