"""The seeded site: the cast with everything that an address names, and canaries in all that is not for everybody."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.notices.models import Survey
from courseplatform.notices.services.answers import survey_answer
from courseplatform.participation.services.credits import credit_give
from courseplatform.roster.models import RosterEntry
from courseplatform.roster.services.members import member_drop
from courseplatform.teams.models import FeedbackRound, Team
from courseplatform.teams.services.feedback import feedback_submit
from grading.models import Assignment, HiddenSet, Piece, Run, Submission
from grading.services.grades import grade_give
from grading.services.late_favours import accommodation_give, excuse_give, extension_give, owners_in
from grading.services.pieces import statement_save
from grading.services.sheets import sheets_prepare
from hardware import leases
from hardware.inventory.services.cases import case_open
from hardware.models import Outcome, Product
from tests.courseplatform.notices.builders import answers, make_survey, tell
from tests.courseplatform.teams.builders import make_student, make_team, scores
from tests.courseplatform.test_access import values_of
from tests.courseplatform.uploads.builders import begin
from tests.grading.desk.desks import essay, hand_in_report
from tests.grading.energy.builders import reading_of
from tests.grading.grades.grades import REASON, ask, give, released, with_rubric
from tests.grading.handing_in.parts import put_report
from tests.hardware.inventory.builders import hand_over, items_of
from tests.people import Cast, hand_in, make_cast, make_lab, make_user, onnx_like
from tests.schema.canaries import NOBODY, STAFF, Canary, Linked

WITH_STAFF = {name: STAFF | {name} for name in ("ruth", "daniel", "sofia", "tariq", "nadia", "mina")}
TEAM = STAFF | {"ruth", "daniel", "sofia"}


@dataclass
class World:
    """values: placeholder of an address -> what of Ruth's stands there. others: the same of other people."""

    cast: Cast
    people: dict[str, User]
    values: dict[str, str]
    canaries: list[Canary] = field(default_factory=list)
    links: list[Linked] = field(default_factory=list)
    others: dict[str, list[str]] = field(default_factory=dict)

    def hide(self, word: str, what: str, seen_by: frozenset[str], at: str = "") -> str:
        self.canaries.append(Canary(word, what, seen_by, at))
        return word

    def other(self, placeholder: str, value: object) -> None:
        self.others.setdefault(placeholder, []).append(str(value))


def make_world(folder, document: dict) -> World:
    """document: what the engine says of a model that was measured."""
    cast = make_cast()
    hide_sets(folder)
    people = named_people(cast)
    world = World(cast, people, values_of(cast, folder))
    cast.course.refresh_from_db()
    cast.lab.refresh_from_db()
    identities(world)
    work_of_tariq(world, folder, document)
    nameless(world)
    grades(world)
    favours(world)
    words(world)
    things(world)
    another_course(world, folder)
    hidden_sets(world)
    course_drafts(world)
    dropped(world, folder)
    return world


def named_people(cast) -> dict[str, User]:
    """Everybody gets a name and an address that nothing else says."""
    names = ("helen", "ines", "amit", "ruth", "daniel", "sofia", "lena", "olu", "oscar")
    people = {name: getattr(cast, name) for name in names}
    people |= {name: make_student(cast, name.capitalize()) for name in ("tariq", "nadia", "mina")}
    people["otto"] = make_user("Otto")
    Enrolment.objects.create(course=cast.other_course, person=people["otto"], role=Role.INSTRUCTOR)
    for name, person in people.items():
        person.name, person.email = f"{name.capitalize()} Zqname{name}", f"zqmail-{name}@example.edu"
        person.save()
    return people


def identities(world) -> None:
    """Students: themselves and the staff; at the API their team too."""
    team = dict.fromkeys(("ruth", "daniel", "sofia"), TEAM)
    for name in ("ruth", "daniel", "sofia", "tariq", "nadia", "mina"):
        seen_by = team.get(name, WITH_STAFF[name])
        world.hide(f"zqmail-{name}", f"the address of {name}", seen_by)
        world.hide(f"zqname{name}", f"the name of {name}", seen_by, "api")
        entry, _ = RosterEntry.objects.get_or_create(
            course=world.cast.course, enrolment=world.cast.course.enrolments.get(person=world.people[name])
        )
        entry.sis_id, entry.email = world.hide(f"zqsis{name}", f"{name} at the registrar", STAFF), ""
        entry.save()
    for name in ("lena", "otto"):
        world.hide(f"zqmail-{name}", f"the address of {name} of another course", frozenset({"lena"}))
        world.hide(f"zqname{name}", f"the name of {name} of another course", frozenset({"lena", "amit"}))
    world.hide("zqmail-oscar", "the address of one who is in no course", frozenset({"oscar"}))


def work_of_tariq(world, folder, document) -> None:
    """A classmate's measured attempt, with a report, a statement, and a file on its way."""
    cast, tariq, seen_by = world.cast, world.people["tariq"], WITH_STAFF["tariq"]
    statement_save(
        owner=owners_in(cast.course, [tariq])[0],
        assignment=cast.lab,
        text=world.hide("zqstatement", "a statement", seen_by),
    )
    piece = put_report(tariq, cast.lab, folder)
    Piece.objects.filter(pk=piece.pk).update(file_name=world.hide("zqreport.pdf", "the file of a part", seen_by))
    made = hand_in(cast, tariq, onnx_like(folder, more=b"tariq"), lab=cast.lab)
    ended(made, document)
    world.hide("8675309", "what a classmate's model was measured to", seen_by, "api")
    Submission.objects.filter(pk=made.pk).update(file_name=world.hide("zqmodel.onnx", "the file of a model", seen_by))
    run = Run.objects.get(submission=made)
    upload = begin(cast, person=tariq, name=world.hide("zqupload.onnx", "a file on its way", frozenset({"tariq"})))
    for placeholder, row in (("submission", made), ("run", run), ("piece", piece), ("upload", upload)):
        seen = frozenset({"tariq"}) if placeholder == "upload" else seen_by
        world.hide(str(row.pk), f"the key of a classmate's {placeholder}", seen)
        world.other(f"<uuid:{placeholder}>", row.pk)
    world.hide(made.receipt, "a classmate's receipt", seen_by)
    world.other("<int:person>", tariq.pk)
    world.other("<int:enrolment>", cast.course.enrolments.get(person=tariq).pk)
    team = make_team(cast, "Heron", tariq)
    reading_of(cast, tariq, team, label=world.hide("zqpower", "what another team measured", seen_by))
    world.other("<slug:team>", team.slug)


def ended(made, document) -> None:
    """All that waits has been measured, this hand-in to numbers of its own."""
    its = document | {"metrics": document["metrics"] | {"macs": 8_675_309}}
    runs = set(Run.objects.filter(submission=made).values_list("pk", flat=True))
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    while lease is not None:
        leases.lease_start(lease)
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=its if lease.job_id in runs else document)
        lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))


def nameless(world) -> None:
    """Nadia's report in an assignment whose names are hidden. She has handed in nothing else."""
    cast, nadia = world.cast, world.people["nadia"]
    lab = essay(cast, is_anonymous=True, position=7)
    submission = hand_in_report(nadia, lab)
    piece = submission.pieces.get()
    Piece.objects.filter(pk=piece.pk).update(text="zqnadiatext")
    sheets_prepare(assignment=lab)
    give(cast, nadia, lab=lab, report="1.37", note="zqnadianote")
    world.hide("zqnadiatext", "a report of one student", WITH_STAFF["nadia"])
    world.hide("zqnadianote", "a comment that is not released", STAFF)
    marks = (
        "zqnadiatext",
        "zqnadianote",
        str(submission.pk),
        str(piece.pk),
        submission.receipt,
        "/assignments/essay/desk",
    )
    world.links.append(Linked(("zqnamenadia", "zqmail-nadia"), marks))
    for placeholder, row in (("submission", submission), ("piece", piece)):
        world.hide(str(row.pk), f"the key of Nadia's {placeholder}", WITH_STAFF["nadia"])
        world.other(f"<uuid:{placeholder}>", row.pk)
    world.other("<slug:assignment>", lab.slug)
    world.other("<int:person>", nadia.pk)


def grades(world) -> None:
    """Points and comments: of Tariq and of Ruth herself before the release, of Tariq after it, and a regrade request."""
    cast, tariq, ruth = world.cast, world.people["tariq"], world.people["ruth"]
    kept = with_rubric(cast, make_lab(cast.course, "zqkept", bench_spec={}, short="Kept", position=8))
    shown = with_rubric(cast, make_lab(cast.course, "zqshown", bench_spec={}, short="Shown", position=9))
    for lab in (kept, shown):
        lab.rubric.update(points=60)
        type(lab).objects.filter(pk=lab.pk).update(points=120)
    for person, lab, points, note, seen_by in (
        (tariq, kept, "41.37", "zqkept-tariq", STAFF), (ruth, kept, "41.83", "zqkept-ruth", STAFF),
        (tariq, shown, "23.19", "zqshown-tariq", WITH_STAFF["tariq"]), (ruth, shown, "23.61", "zqshown-ruth", WITH_STAFF["ruth"]),
    ):  # fmt: skip
        give(cast, person, lab=lab, report=points, note=note)
        world.hide(points, f"points of {person.name} in {lab.short}", seen_by)
        world.hide(note, f"a comment for {person.name} in {lab.short}", seen_by)
        world.other("<slug:assignment>", lab.slug)
    released(cast, shown)
    give(cast, tariq, report=2, plot=1)
    request = ask(cast, tariq, reason=f"{world.hide('zqregrade', 'a regrade request', WITH_STAFF['tariq'])}. {REASON}")
    world.other("<int:regrade>", request.pk)


def favours(world) -> None:
    """Why somebody has more time."""
    cast, tariq = world.cast, world.people["tariq"]
    visit, owners = cast.visit(cast.helen), owners_in(cast.course, [tariq])
    why = world.hide("zqill", "why somebody has more time", STAFF)
    extension_give(visit=visit, assignment=cast.lab, owners=owners, units=1, reason=f"{why} extension")
    accommodation_give(visit=visit, person=tariq, extra_days=1, reason=f"{why} accommodation")
    excuse_give(
        visit=visit,
        assignment=Assignment.objects.get(course=cast.course, slug="zqkept"),
        person=tariq,
        reason=f"{why} excuse",
    )


def words(world) -> None:
    """What people write in confidence: surveys, feedback, reasons of credits, news."""
    cast, tariq = world.cast, world.people["tariq"]
    survey = Survey.objects.filter(course=cast.course).first() or make_survey(cast)
    said = world.hide("zqsurvey", "an answer of a survey", STAFF)
    survey_answer(visit=cast.visit(tariq), survey=survey, values=answers(survey, "3", "few", said))
    round_ = FeedbackRound.objects.filter(course=cast.course).first()
    magpie = Team.objects.get(course=cast.course, name="Magpie")
    said = world.hide("zqfeedback", "feedback to a team, while its round is open", STAFF | {"tariq"})
    feedback_submit(visit=cast.visit(tariq), round_=round_, team=magpie, answers=scores(round_, 3, 3, 3, text=said))
    credit_give(
        visit=cast.visit(cast.amit), person=tariq, kind="question", client_key=uuid4(), session=None, channel="",
        reason=world.hide("zqcredit", "what a credit was for", WITH_STAFF["tariq"]),
    )  # fmt: skip
    row = tell(cast, tariq, key="zq-news", title=world.hide("zqnews", "a notification", frozenset({"tariq"})))[0]
    world.other("<int:notification>", row.pk)


def things(world) -> None:
    """A board that a classmate has, what is wrong with it, and what he asked for."""
    cast, tariq, seen_by = world.cast, world.people["tariq"], WITH_STAFF["tariq"]
    product = Product.objects.filter(stockroom__slug="odml").first()
    item = items_of(cast, product, "ZQ-09", serials=[world.hide("zqserial", "a serial number", seen_by)])[0]
    loan = hand_over(cast, item, person=tariq)
    case = case_open(visit=cast.visit(tariq), item=item, what=world.hide("zqdamage", "a damage case", seen_by))
    world.hide("zq-09", "the board that a classmate has", seen_by, "api")
    for placeholder, row in (("loan", loan), ("case", case)):
        world.other(f"<int:{placeholder}>", row.pk)


def another_course(world, folder) -> None:
    """What Lena did in hers, and its grade."""
    cast, lena = world.cast, world.people["lena"]
    lab = make_lab(
        cast.other_course,
        "lab1",
        short="Lab of others",
        title=world.hide("zqothertitle", "an assignment of another course", frozenset({"lena", "amit"})),
    )
    with_rubric(cast, lab)
    lab.rubric.update(points=60)
    made = hand_in(cast, lena, onnx_like(folder, more=b"lena"), lab=lab)
    Submission.objects.filter(pk=made.pk).update(
        file_name=world.hide("zqlenamodel.onnx", "a file of another course", frozenset({"lena"}))
    )
    grade_give(
        visit=cast.visit(world.people["otto"], cast.other_course), assignment=lab, person=lena, seen=0, reason="first reading",
        marks={"report": Decimal("37.91")}, note=world.hide("zqlenanote", "a comment of another course", frozenset({"lena"})),
    )  # fmt: skip
    released(cast, lab)
    world.hide("37.91", "points of another course", frozenset({"lena"}))
    world.hide(str(made.pk), "the key of a hand-in of another course", frozenset({"lena"}))
    world.other("<uuid:submission>", made.pk)
    world.other("<uuid:run>", Run.objects.get(submission=made).pk)
    world.other("<slug:course>", cast.other_course.slug)
    world.other("<int:person>", lena.pk)


def hidden_sets(world) -> None:
    """Which set a lab is measured on, and where it lies."""
    for word, what in (
        ("zqhiddenset", "a hidden set"),
        ("zqhidden-", "a file of a hidden set"),
        ("feedfacecafe", "the digest of a hidden set"),
    ):
        world.hide(word, what, STAFF | {"olu"})
        world.hide(word, what, NOBODY, "api")


def hide_sets(folder) -> None:
    found = HiddenSet.objects.get(slug="test")
    for name in ("inputs", "labels"):
        path = folder / "hidden" / getattr(found, f"{name}_file")
        path.with_name(f"zqhidden-{name}.npy").write_bytes(path.read_bytes())
    HiddenSet.objects.filter(pk=found.pk).update(
        slug="zqhiddenset", title="Handwritten digits", inputs_file="zqhidden-inputs.npy", labels_file="zqhidden-labels.npy",
        inputs_sha256="feedfacecafe" + "0" * 52, labels_sha256="feedfacecafe" + "1" * 52,
    )  # fmt: skip


def course_drafts(world) -> None:
    """An assignment and a course that only the staff see yet."""
    cast = world.cast
    title = world.hide("zqdraft", "a draft", STAFF)
    draft = make_lab(cast.course, "draft1", bench_spec={}, short="Draft", title=title, is_draft=True, position=10)
    world.other("<slug:assignment>", draft.slug)
    course = Course.objects.create(slug="quiet", number="1", title="Quiet", summary=title, is_published=False)
    Enrolment.objects.create(course=course, person=cast.helen, role=Role.INSTRUCTOR)
    Enrolment.objects.create(course=course, person=cast.ruth, role=Role.STUDENT)
    world.other("<slug:course>", course.slug)


def dropped(world, folder) -> None:
    """Mina has left, with what she handed in."""
    cast, mina = world.cast, world.people["mina"]
    made = hand_in(cast, mina, onnx_like(folder, more=b"mina"))
    world.hide(str(made.pk), "the key of a hand-in of one who left", STAFF)
    world.other("<uuid:submission>", made.pk)
    enrolment = cast.course.enrolments.get(person=mina)
    world.other("<int:enrolment>", enrolment.pk)
    member_drop(visit=cast.visit(cast.helen), enrolment=enrolment, why="zqleft")
    world.hide("zqleft", "why somebody left", WITH_STAFF["mina"])
