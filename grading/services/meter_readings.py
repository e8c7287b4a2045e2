"""Readings of a team's own meter: entered once, then confirmed, refused or taken back; points follow in the same transaction."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.core.markdown import quoted
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.selectors.membership import members_at
from grading.energy.amounts import CENT, Amount
from grading.meters.arithmetic import Metered, metered_of
from grading.meters.rules import OTHER_RULES, carried, counted_by_now, facts_of, may_enter, said_of, standing
from grading.models.meters import MeterReading, MeterWord, Said
from grading.models.power import Known, PowerReading
from grading.models.reruns import Rerun
from grading.models.runs import Result, Run
from grading.points.again import Stored, of_device, points_again
from grading.points.on_board import measured_on_board
from grading.services.benchmarks import benchmark_record
from grading.services.class_points import class_point_record
from grading.services.late_days import lock_circle
from grading.services.power_readings import ReadingFacts, power_reading_add, power_reading_take_back
from grading.spec.board import TEAM
from hardware.course_devices import profiles_of

LONGEST = 300
WORDS = {
    Said.COUNTS: "The reading of the meter counts",
    Said.REFUSED: "The reading of the meter does not count",
    Said.TAKEN_BACK: "The reading of the meter is taken back",
}


@dataclass(frozen=True)
class Entered:
    """What the page of a reading sends. way, typed: as grading/meters/arithmetic.py takes them. in_budget: the charge of the load also counts in
    the energy of the team's project."""

    way: str
    typed: dict[str, float | None] = field(default_factory=dict)
    meter: str = ""
    note: str = ""
    in_budget: bool = False


@transaction.atomic
def meter_reading_add(
    *, visit: Visit, run: Run, entered: Entered, entry_key: UUID, now: datetime
) -> tuple[MeterReading, bool]:
    """Record what a meter showed. Returns it, and whether it is new: the same form twice (`entry_key`) is one reading.

    Points rest on it at once where the lab says so or one of the staff read it; else once the staff have seen it.

    Raises:
        BadInput: what `metered_of` and, for the budget, `power_reading_add` raise; `meter_missing`, `no_load_time`, `no_team`.
        Conflict: the codes of grading/meters/rules.py; `entry_used`, `rerun_stands`.
    """
    result = _locked(run)
    if before := MeterReading.objects.filter(entry_key=entry_key).first():
        if before.result_id != result.pk:
            raise Conflict("This form was sent for another run. Open the page again.", code="entry_used")
        return before, False
    may = may_enter(visit=visit, run=run)
    if not may.ok:
        raise Conflict(may.why, code=may.code)
    meter = " ".join(entered.meter.split())[:80]
    if not meter:
        raise BadInput("Say which meter it was.", code="meter_missing", details={"field": "meter"})
    spec = run.submission.assignment.spec
    found = _metered(run, entered)
    row = MeterReading.objects.create(
        result=result, typed={"way": entered.way, **{key: value for key, value in entered.typed.items() if value is not None}}, meter=meter,
        note=" ".join(entered.note.split())[:LONGEST], inference_ms=float(result.environment["on_board"]["p50_ms"]), by=visit.by,
        is_by_staff=visit.is_staff, entry_key=entry_key, **found.to_json(),
    )  # fmt: skip
    if entered.in_budget:
        _charge(visit, run, row, found, now)
    is_counted = visit.is_staff or spec.board.readings == TEAM
    if is_counted:
        why = "" if visit.is_staff else "the lab counts what a team reads at once"
        _say(run, row, Said.COUNTS, by=visit.by, reason=why)
    else:
        _recount(run, result)
        _tell_staff(run, row)
    return row, True


@transaction.atomic
def meter_reading_settle(*, visit: Visit, run: Run, reading: MeterReading, said: Said, reason: str) -> MeterWord:
    """One of the staff confirms or refuses a reading, or somebody takes it back.

    Raises:
        Forbidden: `staff_only`. BadInput: `reason_missing`; `stage_closed` for a team whose charge of this load is in a stage that is over.
        Conflict: `settled_already`, `staff_only_now` for a team that takes back what counts, `rules_changed`, `rerun_stands`.
    """
    run.result = _locked(run)
    if said != Said.TAKEN_BACK and not visit.is_staff:
        raise Forbidden("Only the staff say whether a reading counts.", code="staff_only")
    why = " ".join(reason.replace("\x00", "").split())[:LONGEST]
    if not why and said != Said.COUNTS:
        raise BadInput(
            "Say why; the team reads it beside the reading.", code="reason_missing", details={"field": "reason"}
        )
    before = said_of(reading)
    if before & {Said.REFUSED, Said.TAKEN_BACK, said}:
        raise Conflict("Somebody has settled this reading already. Reload the page.", code="settled_already")
    if said == Said.REFUSED and Said.COUNTS in before:
        raise Conflict("This reading counts already. Take it back, with the reason.", code="settled_already")
    if said == Said.TAKEN_BACK and not visit.is_staff:
        _check_owner(visit, run, reading)
    if not counted_by_now(run):
        raise Conflict(OTHER_RULES.format(run.submission.assignment.short), code="rules_changed")
    if said != Said.COUNTS:
        _uncharge(visit, reading, why)
    word = _say(run, reading, said, by=visit.by, reason=why)
    _tell_owner(visit, run, reading, word)
    return word


def _check_owner(visit: Visit, run: Run, reading: MeterReading) -> None:
    """A team takes back what it entered itself while nobody of the staff has confirmed it."""
    confirmed = any(word.said == Said.COUNTS and word.by != reading.by for word in reading.words.all())
    if confirmed or reading.is_by_staff:
        raise Conflict("The staff have confirmed this reading, so only they take it back.", code="staff_only_now")
    allowed = may_enter(visit=visit, run=run)
    if allowed.code not in ("", "reading_stands"):
        raise Conflict(allowed.why, code=allowed.code)


def _locked(run: Run) -> Result:
    """The result of this run, behind the lock of its people: two forms, a re-run and an end of a run come one after the other."""
    submission = run.submission
    lock_circle(course=submission.assignment.course, people={submission.person_id})
    found: Result = Result.objects.select_for_update(of=("self",)).get(run=run.pk)
    return found


def _metered(run: Run, entered: Entered) -> Metered:
    assignment = run.submission.assignment
    profile = profiles_of(assignment.course).get(assignment.device)
    full_w = profile.loaded_mw / 1000 if profile is not None and profile.loaded_mw else None
    name = profile.name if profile is not None else "board"
    return metered_of(entered.typed, way=entered.way, board=name, full_load_w=full_w)


def _say(run: Run, reading: MeterReading, said: Said, *, by: str, reason: str) -> MeterWord:
    """Write the word, and what the result is worth by it."""
    result = Result.objects.get(pk=reading.result_id)
    kept = {
        "points": result.points,
        "earned": str(result.earned),
        "of": str(result.of),
        "left_open": str(result.left_open),
    }
    try:
        with transaction.atomic():
            word = MeterWord.objects.create(reading=reading, said=said, reason=reason, by=by, points_before=kept)
    except IntegrityError as error:
        raise Conflict("Somebody has settled this reading already. Reload the page.", code="settled_already") from error
    _recount(run, result)
    for newer in Result.objects.filter(run__submission=run.submission_id).exclude(pk=result.pk):
        if carried(newer) == reading.pk:
            _recount(run, newer)
    return word


def _recount(run: Run, result: Result) -> None:
    """Points, metrics and class numbers of the result by what stands now: counted from the result as it is kept, by the one arithmetic."""
    submission = run.submission
    assignment = submission.assignment
    if Rerun.objects.standing().filter(assignment=assignment).exists():
        raise Conflict(f"A re-run of {assignment.short} is not decided yet. Wait until it is.", code="rerun_stands")
    found, environment = standing(result), dict(result.environment)
    board = {key: value for key, value in environment["on_board"].items() if key != "reading"}
    environment["on_board"] = board | ({"reading": facts_of(found)} if found is not None else {})
    if "measured" in environment.get("graded_by", {}):
        environment["graded_by"] = environment["graded_by"] | {"measured": measured_on_board(environment["on_board"])}
    metrics = {key: value for key, value in result.metrics.items() if key != "energy_mj"}
    energy = of_device(assignment.spec, environment).metrics.get("energy_mj")
    result.metrics = metrics | ({"energy_mj": energy} if energy is not None else {})
    points = points_again(assignment.spec, Stored(result.metrics, result.quality, environment, result.points))
    result.environment, result.points = environment, points.lines_json()
    result.earned, result.of, result.left_open = (
        Decimal(value) for value in (points.earned, points.of, points.left_open)
    )
    result.save(update_fields=["metrics", "environment", "points", "earned", "of", "left_open"])
    class_point_record(result=result, assignment=assignment)
    benchmark_record(submission=submission)


def _charge(visit: Visit, run: Run, row: MeterReading, found: Metered, now: datetime) -> None:
    """The charge of the load, in the team's budget: typed once, counted in both."""
    team, used = run.submission.team, found.used_mah
    if team is None:
        raise BadInput("Only a team's project has a budget of energy.", code="no_team", details={"field": "in_budget"})
    if used is None or found.load_s is None:
        said = "Say how long the load lasted, so that its charge is known."
        raise BadInput(said, code="no_load_time", details={"field": "load_s"})
    submission, runner = run.submission, row.result.environment["on_board"]["runner"]
    minutes, mean_ma = (
        Decimal(repr(value)).quantize(CENT) for value in (found.load_s / 60, found.loaded_w / found.volts * 1000)
    )
    amount = Amount(max(Decimal(repr(used)).quantize(CENT), CENT), Known.RUN, minutes, mean_ma)
    label = f"{submission.assignment.short}, attempt {submission.number} on {runner}"[:80]
    facts = ReadingFacts(now - timedelta(seconds=found.load_s), label, amount, board=str(runner)[:80], meter=row.meter)
    power_reading_add(visit=visit, team=team, facts=facts, entry_key=_charge_key(row), now=now)


def _uncharge(visit: Visit, row: MeterReading, why: str) -> None:
    """What is not believed of the power is not believed of the charge either; and entered anew, one load would count twice."""
    charge = PowerReading.objects.standing().filter(entry_key=_charge_key(row)).select_related("team__course").first()
    if charge is not None:
        power_reading_take_back(visit=visit, reading=charge, reason=why, now=timezone.now())


def _charge_key(row: MeterReading) -> UUID:
    return uuid5(row.entry_key, "charge")


def _path(run: Run) -> str:
    return reverse("grading:meter_reading", kwargs={"course": run.submission.assignment.course.slug, "run": run.pk})


def _tell_staff(run: Run, row: MeterReading) -> None:
    submission = run.submission
    staff = Enrolment.objects.filter(course=submission.assignment.course, role__in=STAFF, is_active=True)
    notification_send(
        course=submission.assignment.course, people=[one.person for one in staff.select_related("person")], kind="grade",
        key=f"meter-reading-{row.pk}", title=f"A meter reading of {submission.assignment.short} by {submission.owner} waits for your look",
        text="", path=_path(run),
    )  # fmt: skip


def _tell_owner(visit: Visit, run: Run, reading: MeterReading, word: MeterWord) -> None:
    submission = run.submission
    people: list[User] = members_at(submission.team) if submission.team is not None else [submission.person]
    others = [person for person in people if person.pk != visit.person.pk]
    title = f"{WORDS[Said(word.said)]}: {submission.assignment.short}, attempt {submission.number}"
    notification_send(
        course=submission.assignment.course, people=others, kind="grade", key=f"meter-word-{word.pk}", title=title,
        text=quoted(word.reason) if word.reason else "", path=_path(run),
    )  # fmt: skip
