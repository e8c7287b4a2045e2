"""What the page of a measured run says of boards: that one may be asked for, how far it is, or why none has measured it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from courseplatform.core import numbers
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from grading.asks.rules import A_DAY, WAITS, May, may_ask, may_withdraw, newest_ask, open_ask
from grading.models.boards import BoardAsk
from grading.models.runs import Result, Run
from grading.selectors.line_now import range_words
from grading.selectors.on_a_board import WAITING, board_rows, on_a_board, range_of
from hardware.course_devices import profiles_of
from hardware.line import turn_for
from hardware.models import BoardJob, Outcome, Priority
from hardware.models.jobs import BOARD_RUN
from hardware.runners.waiting import Waits, waits

Json = dict[str, Any]


def ask_part(visit: Visit, run: Run, now: datetime) -> Json:
    """`board_ask` for the page: {state: offer, open, refused, ...}; empty where there is nothing to say. About twenty queries at most."""
    newest = newest_ask(run.submission)
    asked = open_ask(run.submission) if newest is not None else None
    if asked is not None:
        return {"board_ask": open_part(visit, run, asked, now)}
    may = may_ask(visit=visit, run=run, now=now)
    ended = _ended(newest)
    if may.ok:
        return {"board_ask": _offer(visit, run, may, now) | ended}
    return {"board_ask": {"state": "refused", "sentence": may.why} | ended} if may.is_told else {}


def ask_brief(visit: Visit, run: Run, now: datetime) -> Json:
    """The same for programs: {may_ask, why_not, left, asked: the newest one with `came_to`, the key of the run that it came to}."""
    may = may_ask(visit=visit, run=run, now=now)
    asked: Any = newest_ask(run.submission)
    if asked is not None:
        asked.came_to = asked.pk if Run.objects.filter(pk=asked.pk, result__isnull=False).exists() else None
    why_not = None if may.ok else {"code": may.code, "message": may.why}
    return {
        "may_ask": may.ok,
        "why_not": why_not,
        "left": None if visit.is_staff else may.left if may.ok else 0,
        "asked": asked,
    }


def open_part(visit: Visit, run: Run, asked: BoardAsk, now: datetime) -> Json:
    """While it waits or is measured."""
    found = on_a_board(asked.pk, now)
    title, sentence = ("In line", "A worker of ours checks the model first.") if found is None else (found.title, found.sentence)  # fmt: skip
    is_waiting = found is None or found.state == WAITING
    return {
        "state": "open", "title": title, "sentence": sentence, "device": device_name(run), "asked": asked,
        "may_withdraw": not asked.cancel_requested and may_withdraw(visit=visit, asked=asked, now=now).ok,
        "is_stopping": asked.cancel_requested, "step": found.step if found else 0, "steps": found.steps if found else 0,
        "boards": board_rows(found.boards) if found else [],
        "until": f"Where no board is free within {numbers.span(WAITS)}, it ends and this result stays." if is_waiting else "",
        "poll_s": 10 if is_waiting else 3,
    }  # fmt: skip


def _offer(visit: Visit, run: Run, may: May, now: datetime) -> Json:
    found = _would_wait(run, now)
    many = f"{A_DAY} board runs of {run.submission.assignment.short} may be asked for within 24 hours; {may.left} {'is' if may.left == 1 else 'are'} left."
    return {
        "state": "offer", "device": device_name(run), "line": line_words(found), "boards": board_rows(found.boards),
        "many": "" if visit.is_staff else many, "wait": numbers.span(WAITS),
    }  # fmt: skip


def _would_wait(run: Run, now: datetime) -> Waits:
    """As if it were asked for now."""
    submission = run.submission
    job = BoardJob(
        kind=BOARD_RUN, owner_key=submission.owner.key, course=submission.assignment.course, device=submission.assignment.device,
        runtime=submission.format, team=submission.team, priority=Priority.AGAIN, queued_at=now,
    )  # fmt: skip
    job.turn = turn_for(job, priority=Priority.AGAIN).turn
    return waits(job, now)


def line_words(found: Waits) -> str:
    """4 wait before it, 50 min to 2 h; what stands in the way where no board could begin."""
    if found.nobody_can or not any(one.state in ("free", "busy", "checking") for one in found.boards):
        return found.sentence
    before = f"{found.before} {'waits' if found.before == 1 else 'wait'} before it" if found.before else "none waits before it"  # fmt: skip
    if found.least is None or found.most is None:
        return f"{before}; how long the boards take is not known yet."
    return f"{before}; a board begins in {range_words(range_of(found.least, found.most))}."


def _ended(asked: BoardAsk | None) -> Json:
    """What became of the last one that was asked for, where it brought no number."""
    if asked is None or asked.outcome in ("", Outcome.MEASURED):
        return {}
    if asked.outcome == Outcome.CANCELLED and not asked.error_code:
        return {"ended": "The last one was withdrawn.", "ended_at": asked.finished_at}
    return {"ended": asked.error_message or "The last one came to no result.", "ended_at": asked.finished_at}


def device_name(run: Run) -> str:
    assignment = run.submission.assignment
    found = profiles_of(assignment.course, with_retired=True).get(assignment.device)
    return found.name if found is not None else assignment.device


OTHERS: Prepared[Any] = Prepared(
    lambda submission, result: Result.objects.filter(run__submission=submission).exclude(pk=result).order_by().values_list("pk"),
    submission=UUID, result=int,
)  # fmt: skip


def asked_part(run: Run) -> Json:
    """Where this result came of a board run that was asked for: who asked, and what the result of before was. And the other way round: the
    newer result of this attempt. One query where there is no other, else four."""
    others = Result.objects.filter(run__submission=run.submission_id).exclude(pk=run.result.pk)
    if not list(OTHERS(submission=run.submission_id, result=run.result.pk)):
        return {}
    rows = others.select_related("run__submission__assignment__course").only(
        "earned", "of", "graded_by", "made_at", "metrics", "run"
    )
    older = rows.filter(made_at__lte=run.result.made_at).order_by("made_at", "pk").last()
    newer = rows.filter(made_at__gt=run.result.made_at).order_by("made_at", "pk").last()
    found: Json = {}
    if newer is not None:
        found["newer"] = {
            "url": newer.run.get_absolute_url(),
            "by": newer.graded_by,
            "earned": newer.earned,
            "of": newer.of,
        }
    asked = BoardAsk.objects.filter(pk=run.pk).first()
    if asked is not None and older is not None:
        found["asked"] = {
            "by": asked.asked_by, "at": asked.queued_at, "earned": older.earned, "of": older.of, "url": reverse(
                "grading:run", kwargs={"course": run.submission.assignment.course.slug, "run": older.run_id}),
            "latency": numbers.milliseconds(older.metrics["latency_ms"]) if older.metrics.get("latency_ms") else "",
        }  # fmt: skip
    return found


def run_of_newest_ask(run: Run) -> str:
    """The address of the result that the last board run came to; "" where it came to none."""
    asked = newest_ask(run.submission)
    found = Run.objects.filter(pk=asked.pk, result__isnull=False).first() if asked is not None else None
    if found is None or found.pk == run.pk:
        return ""
    found.submission = run.submission
    return found.get_absolute_url()
