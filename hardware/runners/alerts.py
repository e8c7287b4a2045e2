"""What the staff are told of boards: each trouble once, from when it is seen until it is over, and what can be done about it.

A row of RunnerAlert is the truth. It is opened at once where a call finds something (`tell`), else by the sweep, which also closes it; the
notification is a copy, one for all that a sweep found in a course. What comes back within an hour is the same trouble, and nobody hears again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import Q, Sum
from django.urls import reverse

from courseplatform.core import numbers
from courseplatform.core.markdown import escaped, quoted
from courseplatform.courses.models import Course
from courseplatform.notices.services.notifications import notification_send
from hardware.inventory.lending.borrowers import staff_of
from hardware.models import (
    BoardJob,
    BoardLease,
    Duty,
    Ended,
    Health,
    Runner,
    RunnerAlert,
    RunnerHour,
    Status,
    Trouble,
)
from hardware.ondevice.runner.version import RELEASE
from hardware.runners.waiting import waits

KIND = "hardware"
AWAY_HOLDING, AWAY_LONG, AWAY_A_DAY = timedelta(seconds=60), timedelta(hours=1), timedelta(hours=24)
SAME_AGAIN, COURSE_KEEPS = timedelta(hours=1), timedelta(days=14)
DISK_LOW_BYTES, SKEW_LARGE_S = 1 << 30, 300
THROTTLED_SHARE, THROTTLED_OF = 0.10, 60  # of the samples of a day, of which there must be so many
WAITS_LONG, MOST_WORKED_ON = timedelta(minutes=10), 200
ADVICE = {
    Trouble.BAD: "It is given no work. Look at it (fan, power supply, what else runs on it), then have it checked again on its page.",
    Trouble.QUARANTINED: "Two machines showed its token. Enrol the right one with a new code, then put it back on duty.",
    Trouble.AWAY: "What it held went back into the line. Is it switched on, and does it reach this site?",
    Trouble.GONE: "Is it switched on, and does it reach this site? If it does not come back, retire it.",
    Trouble.DISK: "Free some of its disk, or jobs will fail on it. What the agent keeps is small: milliamp-runner status says on the board how much.",
    Trouble.THROTTLED: "Such runs are repeated and cost time. It needs a fan, more air, or a stronger power supply.",
    Trouble.CLOCK: "Nothing is decided by it, but HTTPS fails when it is far off. Switch on time synchronisation on the board.",
    Trouble.AGENT: "Download the agent again from the page Runners, and restart its service.",
    Trouble.NO_BOARD: "Put a board on duty that can take it, give one the tag that the lab asks for, or let the lab measure it here.",
}
AGAIN_ANEW = frozenset({Trouble.BAD, Trouble.QUARANTINED})  # somebody had looked at it in between
Key = tuple[int, str, str, Trouble]  # of the course, the runner, the device where it is about none, and what


def tell(runner: Runner, what: str, *, said: str = "", now: datetime) -> None:
    """A call found something that cannot wait for the sweep. said: what it found, quoted. In the transaction of the caller."""
    opened = _opened(runner.course, runner, "", Trouble(what), said, now)
    if opened is not None:
        _send(runner.course, [opened])


def tell_unmet(job: BoardJob, now: datetime) -> None:
    """Where no board of the course, here or away, can take what a run asks for, its staff hear of it at once: to wait alone helps nobody."""
    found = waits(job, now)
    opened = _opened(job.course, None, job.device, Trouble.NO_BOARD, found.sentence, now) if found.nobody_can else None
    if opened is not None:
        _send(job.course, [opened])


def sweep(now: datetime) -> int:
    """Open what is new, close what is over, and tell the staff of each course once. Returns how many were opened; may run twice and at once."""
    runners = Runner.objects.filter(enrolled_at__isnull=False).exclude(status=Duty.REVOKED).select_related("course")
    runners = runners.filter(Q(course__ends_on=None) | Q(course__ends_on__gte=(now - COURSE_KEEPS).date()))
    boards = {str(row.pk): row for row in runners}
    found = _of_boards(list(boards.values()), now) | _of_lines(now)
    still = dict.fromkeys(found)
    for alert in RunnerAlert.objects.filter(ended_at=None):
        if _key(alert) not in still:
            RunnerAlert.objects.filter(pk=alert.pk, ended_at=None).update(ended_at=now)
    opened: dict[int, list[RunnerAlert]] = {}
    for (_, runner, device, what), (course, said) in found.items():
        is_new = _opened(course, boards.get(runner), device, what, said, now)
        if is_new is not None:
            opened.setdefault(course.pk, []).append(is_new)
    for alerts in opened.values():
        _send(alerts[0].course, alerts)
    return sum(len(alerts) for alerts in opened.values())


def _key(alert: RunnerAlert) -> Key:
    return (alert.course_id, str(alert.runner_id or ""), alert.device, Trouble(alert.what))


def _opened(
    course: Course, runner: Runner | None, device: str, what: Trouble, said: str, now: datetime
) -> RunnerAlert | None:
    """The alert where it is new to the staff, else None."""
    about = {"course": course, "runner": runner, "device": device, "what": what}
    lately = RunnerAlert.objects.filter(**about, ended_at__gt=now - SAME_AGAIN).order_by("-ended_at").first()
    if (
        lately is not None
        and what not in AGAIN_ANEW
        and not RunnerAlert.objects.filter(**about, ended_at=None).exists()
    ):
        RunnerAlert.objects.filter(pk=lately.pk).update(ended_at=None, said=said[:300])
        return None
    row, is_new = RunnerAlert.objects.get_or_create(
        **about, ended_at=None, defaults={"begun_at": now, "said": said[:300]}
    )
    return row if is_new else None


def _send(course: Course, alerts: list[RunnerAlert]) -> None:
    real = [one for one in alerts if one.runner is None or not one.runner.is_demo]
    if not real:
        return
    first = real[0]
    names = sorted({one.runner.name for one in real if one.runner is not None})
    title = (
        title_of(first)
        if len(real) == 1
        else f"{len(real)} troubles with runners: {', '.join(names[:4]) or 'work waits'}"
    )
    where = {"course": course.slug}
    path = (
        reverse("runners:show", kwargs=where | {"runner": first.runner_id})
        if len(real) == 1 and first.runner
        else reverse("runners:index", kwargs=where)
    )
    notification_send(
        course=course, people=staff_of(course), kind=KIND, key=f"runner-trouble-{'-'.join(str(one.pk) for one in real[:8])}", title=title,
        text="\n\n".join(_text(one, with_title=len(real) > 1) for one in real), path=path,
    )  # fmt: skip


def title_of(alert: RunnerAlert) -> str:
    return (
        f"{alert.runner.name} {Trouble(alert.what).label}"
        if alert.runner
        else f"No board for work that waits: {alert.device}"
    )


def _text(alert: RunnerAlert, *, with_title: bool) -> str:
    title = f"**{escaped(title_of(alert))}**" if with_title else ""
    return "\n\n".join(part for part in (title, ADVICE[Trouble(alert.what)], quoted(alert.said)) if part)


def _of_boards(runners: list[Runner], now: datetime) -> dict[Key, tuple[Course, str]]:
    begun = now - AWAY_A_DAY
    sums = RunnerHour.objects.filter(runner__in=runners, at__gt=begun).values("runner")
    heat = {row["runner"]: (row["hot"], row["all"]) for row in sums.annotate(hot=Sum("throttled"), all=Sum("samples"))}
    lost = BoardLease.objects.filter(runner__in=runners, how=Ended.FAILED, ended_at__gt=begun)
    failed = dict(lost.order_by("ended_at").values_list("runner", "ended_at"))
    quarantined = RunnerAlert.objects.filter(ended_at=None, what=Trouble.QUARANTINED).values_list("runner", flat=True)
    asked = set(quarantined)
    found: dict[Key, tuple[Course, str]] = {}
    for runner in runners:
        said = troubles_of(runner, heat.get(runner.pk, (0, 0)), failed.get(runner.pk), now)
        if runner.status == Duty.QUARANTINED and runner.pk in asked:
            said[Trouble.QUARANTINED] = ""
        found |= {(runner.course_id, str(runner.pk), "", what): (runner.course, words) for what, words in said.items()}
    return found


def troubles_of(runner: Runner, heat: tuple[int, int], failed_at: datetime | None, now: datetime) -> dict[Trouble, str]:
    """What is wrong with one board, each in a few words. heat: samples of the last day that were throttled, and all. Pure.

    failed_at: when it failed a run last, in the last day.
    """
    found: dict[Trouble, str] = {}
    if runner.health == Health.BAD:
        found[Trouble.BAD] = runner.health_why
    if runner.status in (Duty.ACTIVE, Duty.DRAINING) and runner.last_seen_at is not None:
        silent = now - runner.last_seen_at
        held = silent > AWAY_HOLDING and failed_at is not None and failed_at > runner.last_seen_at
        if silent > AWAY_A_DAY:
            found[Trouble.GONE] = f"nothing was heard of it for {numbers.span(silent)}"
        elif silent > AWAY_LONG or held:
            found[Trouble.AWAY] = "it held a run when it fell silent" if held else "nothing was heard of it for an hour"
    if runner.last_seen_at is None or now - runner.last_seen_at > AWAY_LONG:
        return found
    free = runner.state.get("disk_free_bytes")
    if isinstance(free, int) and free < DISK_LOW_BYTES:
        found[Trouble.DISK] = f"{numbers.size(free)} are free"
    if heat[1] >= THROTTLED_OF and heat[0] > heat[1] * THROTTLED_SHARE:
        found[Trouble.THROTTLED] = f"{100 * heat[0] / heat[1]:.0f} % of the last day"
    if runner.clock_skew_s is not None and abs(runner.clock_skew_s) > SKEW_LARGE_S:
        found[Trouble.CLOCK] = (
            f"{numbers.span(timedelta(seconds=abs(runner.clock_skew_s)))} {'ahead' if runner.clock_skew_s > 0 else 'behind'}"
        )
    if is_old(str(runner.facts.get("agent", ""))):
        found[Trouble.AGENT] = f"it runs {runner.facts['agent']}, this site has {RELEASE}"
    return found


def is_old(agent: str) -> bool:
    """Whether an agent is of an earlier release than this site's; another build of the same release is none."""
    release = _numbers(agent.split("+", maxsplit=1)[0])
    return bool(release) and release < _numbers(RELEASE)


def _numbers(release: str) -> tuple[int, ...]:
    parts = release.split(".")
    return (
        tuple(int(part) for part in parts)
        if all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts)
        else ()
    )


def _of_lines(now: datetime) -> dict[Key, tuple[Course, str]]:
    """Kinds of boards for which work waits that none of them could ever take, or has waited for ten minutes and none that could take it works."""
    waiting = BoardJob.objects.filter(status=Status.QUEUED, runner=None, not_before__lte=now)
    oldest: dict[tuple[int, str, str], BoardJob] = {}
    for job in (
        waiting.select_related("course", "team", "taken_by").defer("plan").order_by("queued_at")[:MOST_WORKED_ON]
    ):
        oldest.setdefault((job.course_id, job.device, job.needs.words), job)
    found: dict[Key, tuple[Course, str]] = {}
    for (course, device, _), job in oldest.items():
        told = waits(job, now)
        has_waited = job.queued_at < now - WAITS_LONG
        if told.nobody_can or (
            has_waited and not any(one.state in ("free", "busy", "checking") for one in told.boards)
        ):
            found.setdefault((course, "", device, Trouble.NO_BOARD), (job.course, told.sentence))
    return found


def open_alerts(course: Course) -> Iterable[Mapping[str, object]]:
    """For the page of the fleet: title, words, since when, and what to do; what stops work comes first."""
    order = list(Trouble)
    rows = RunnerAlert.objects.filter(course=course, ended_at=None).select_related("runner")
    return [
        {"runner": row.runner, "title": title_of(row), "said": row.said, "since": row.begun_at, "advice": ADVICE[Trouble(row.what)]}
        for row in sorted(rows, key=lambda row: (order.index(Trouble(row.what)), row.begun_at))
    ]  # fmt: skip
