"""What people do meanwhile: staff add boards and clear them, students hand in. Imported once the site's settings are there (site.py)."""

import hashlib
import itertools
import time
from contextlib import suppress
from pathlib import Path

import onnx
from django.core.files.base import ContentFile
from django.db.models import Count
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError
from courseplatform.courses.access import visit_of
from courseplatform.courses.models import Course
from grading.handing_in.hand_in_rules import attempts_left, owner_of
from grading.models import Assignment, Result, Run
from hardware import leases
from hardware.models import OPEN, BoardFile, BoardJob, Duty, Health, Job, Priority, Purpose, Runner
from hardware.runners.duty import duty_change
from hardware.runners.enrolling import runner_add
from hardware.runners.health import LIMITS
from tests.journeys.visitor import Visitor
from tests.load.boards_at_night.site import Site
from tests.parts import ROOT

DEVICE, LAB, ALLOWED = "rpi-4-4gb", "lab1", 200
MODELS = tuple(ROOT / "grading" / "demo" / "models" / name for name in ("digits-narrow.onnx", "digits-middle.onnx"))
STUDENTS = ("ruth.adeyemi@example.edu", "daniel.park@example.edu", "sofia.lindgren@example.edu")
names = itertools.count()


def course() -> Course:
    return Course.objects.get(slug="demo")


def helen():
    return visit_of(User.objects.get(email__startswith="helen"), "demo")


def line_emptied() -> None:
    """What the demo has handed in is not what is shown here."""
    for job in Job.objects.filter(status__in=OPEN):
        with suppress(AppError):
            leases.job_cancel(job, by="faults")


def board_added(n: int, device: str = DEVICE) -> tuple[str, str]:
    """(the runner's id, its code)"""
    made, code = runner_add(visit=helen(), name=f"board-{n}-{next(names)}", device=device)
    return str(made.pk), code


def board_revoked(runner: str) -> None:
    duty_change(visit=helen(), runner=Runner.objects.get(pk=runner), to=Duty.REVOKED)


def boards_vouched_for() -> int:
    """Boards that are not well are taken for well, as no person may do on the site. Returns how many.

    On a machine that does a dozen things at once the golden model takes half as long again from one minute to the next, and a board that is
    away for that says nothing of faults.
    """
    return Runner.objects.filter(health=Health.BAD, status=Duty.ACTIVE).update(health=Health.GOOD, jobs_since_check=0)


def work_made(number: int, device: str = DEVICE, wall_s: float = 120) -> list[BoardJob]:
    """Jobs as grading makes them, of a small model and of seven people. Every fifth asks for the energy, for which it runs on for a moment."""
    data = MODELS[0].read_bytes()
    made = []
    for n in range(number):
        job = leases.job_enqueue(
            BoardJob, kind="board_run", owner_key=f"person:{n % 7}", priority=Priority.LIVE, purpose=Purpose.MEASURE, title=f"job {n}",
            course=course(), device=device, runtime="onnx", plan=plan_of(*((0.6, 0.5) if n % 5 == 0 else (0.01, 0.0))), wall_s=wall_s,
        )  # fmt: skip
        row = BoardFile(job=job, name="model", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        row.file.save("model", ContentFile(data), save=False)
        row.save()
        made.append(job)
    return made


def plan_of(load_s: float, idle_s: float) -> dict[str, object]:
    """PLAN of docs/runner-protocol.md. load_s: so long inferences run on while power is read; idle_s: at rest, before and after."""
    args = [
        "--model",
        "{inputs}/model",
        "--format",
        "onnx",
        "--seed",
        "1",
        "--input-shape",
        "1x1x8x8",
        "--load-s",
        f"{load_s:g}",
    ]
    step = {
        "name": "window 1",
        "entry": "hardware.ondevice.harness",
        "files": ["model"],
        "limits": LIMITS,
        "args": args,
    }
    return {
        "steps": [step],
        "cool_below_c": 60.0,
        "cool_wait_s": 5,
        "reference": None,
        "idle_s": idle_s,
        "needs_memory_limit": False,
    }


class Students:
    """They hand in to a lab that is measured on boards. sent: the runs, by whose they are."""

    def __init__(self, site: Site) -> None:
        self.site, self.sent = site, {email: [] for email in STUDENTS}
        lab = Assignment.objects.get(course=course(), slug=LAB)
        lab.attempts_allowed = ALLOWED
        spec = {key: value for key, value in lab.bench_spec.items() if key != "device"}
        lab.bench_spec = spec | {"devices": [DEVICE], "run_on": "board", "board_wait": {"hours": 4}}
        lab.save()
        self.left_before = self.left()

    def left(self) -> dict[str, int]:
        lab = Assignment.objects.get(course=course(), slug=LAB)
        people = {email: User.objects.get(email=email) for email in STUDENTS}
        return {
            email: attempts_left(owner=owner_of(person=person, assignment=lab, now=timezone.now()), assignment=lab)
            for email, person in people.items()
        }

    def hand_in(self, number: int, every_s: float) -> None:
        """So many, through the browser's door, while the site is there."""
        for n, email in zip(range(number), itertools.cycle(STUDENTS)):
            known = set(Run.objects.values_list("pk", flat=True))
            with self.site.quiet:
                visitor = Visitor(self.site.url)
                visitor.sign_in(email)
                visitor.hand_in(LAB, self._variant(n))
            self.sent[email] += list(Run.objects.exclude(pk__in=known).values_list("pk", flat=True))
            time.sleep(every_s)

    def _variant(self, n: int) -> Path:
        """A model that nobody has handed in yet: the same network with another note in it."""
        model = onnx.load(MODELS[n % len(MODELS)])
        model.doc_string = f"hand-in {n}"
        path = self.site.folder / f"hand-in-{n}.onnx"
        onnx.save(model, path)
        return path

    @property
    def handed_in(self) -> int:
        return sum(map(len, self.sent.values()))

    def figures(self) -> dict[str, int]:
        """handed in; graded: with one result of a board; open: not ended yet; attempts: used beyond one for each hand-in."""
        runs = [run for rows in self.sent.values() for run in rows]
        graded = Result.objects.filter(run__in=runs).values("run").annotate(n=Count("pk")).filter(n=1).count()
        left = self.left()
        return {
            "handed in": len(runs), "graded": graded, "open": Run.objects.filter(pk__in=runs, status__in=OPEN).count(),
            "attempts": sum(self.left_before[email] - left[email] - len(rows) for email, rows in self.sent.items()),
        }  # fmt: skip
