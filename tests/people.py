"""The cast: the same people in every test, and the course they are in."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit, visit_of
from courseplatform.courses.models import Course, Enrolment, Role, Session
from grading.models import Assignment, HiddenSet, Submission
from grading.services.submissions import submission_create

SPEC = {
    "task": "classification",
    "input": {"shapes": {"NCHW": [1, 1, 8, 8], "NHWC": [1, 8, 8, 1]}, "low": 0, "high": 16},
    "classes": [str(n) for n in range(10)],
    "max_bytes": 1 << 20,
    "criteria": [
        {"key": "opens", "title": "Model opens", "group": "Submission", "points": 1, "rule": {"kind": "pass"}},
        {"key": "accuracy", "title": "Accuracy", "group": "Basic", "metric": "accuracy", "points": 4,
         "rule": {"kind": "ramp", "from": 0.8, "to": 0.97}},
        {"key": "memory", "title": "Memory at the peak", "group": "Basic", "metric": "peak_activation_bytes", "points": 2,
         "rule": {"kind": "steps", "steps": [[8192, 1.0], [16384, 0.5]]}},
    ],
}  # fmt: skip


@dataclass
class Cast:
    """Two instructors, a TA, three students, a student of another course, an operator, an outsider, and the courses."""

    course: Course
    other_course: Course
    lab: Assignment
    helen: User
    ines: User
    amit: User
    ruth: User
    daniel: User
    sofia: User
    lena: User
    olu: User
    oscar: User

    def visit(self, person: User, course: Course | None = None) -> Visit:
        return visit_of(person, (course or self.course).slug)


def make_user(name: str, **fields: object) -> User:
    return User.objects.create_user(email=f"{name.lower()}@example.edu", name=name, password="correct horse", **fields)


def make_people(*names: str) -> dict[str, User]:
    """What `make_user` makes, all in one go: thousands of tests begin with them. By the name in small letters; Olu is the operator."""
    password = make_password("correct horse")
    people = [
        User(email=f"{name.lower()}@example.edu", name=name, password=password, is_operator=name == "Olu")
        for name in names
    ]
    return {person.name.lower(): person for person in User.objects.bulk_create(people)}


def make_course(slug: str) -> Course:
    today = timezone.localdate()
    return Course.objects.create(
        slug=slug, number="11-767", title="On-Device Machine Learning", term="Test term", zone="America/New_York",
        starts_on=today - timedelta(days=63), ends_on=today + timedelta(days=40), late_rule="5 late days",
    )  # fmt: skip


def make_hidden_set() -> HiddenSet:
    """Sixteen inputs whose class is written in the first pixel, so that a tiny model can be right."""
    folder = Path(settings.DATA_DIR) / "hidden"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    labels = (np.arange(16) % 10).astype(np.int64)
    inputs = rng.uniform(0, 16, (16, 1, 8, 8)).astype(np.float32)
    digests = {}
    for part, values in (("inputs", inputs), ("labels", labels)):
        np.save(folder / f"test-{part}.npy", values)
        digests[f"{part}_sha256"] = sha256((folder / f"test-{part}.npy").read_bytes()).hexdigest()
    return HiddenSet.objects.create(
        slug="test", title="Read the first pixel", inputs_file="test-inputs.npy", labels_file="test-labels.npy", count=16,
        **digests,
    )  # fmt: skip


def make_lab(course: Course, slug: str = "lab1", **fields: object) -> Assignment:
    facts = {
        "kind": "lab", "short": "Lab 1", "title": "Basics", "points": 10, "bench_spec": SPEC,
        "due_at": timezone.now() + timedelta(days=2), "released_at": timezone.now() - timedelta(days=20),
    } | fields  # fmt: skip
    if "hidden_set" not in facts and facts["bench_spec"]:
        facts["hidden_set"] = HiddenSet.objects.filter(slug="test").first() or make_hidden_set()
    return Assignment.objects.create(course=course, slug=slug, **facts)


def make_cast() -> Cast:
    course, other = make_course("odml"), make_course("tinyml")
    people = make_people("Helen", "Ines", "Amit", "Ruth", "Daniel", "Sofia", "Lena", "Olu", "Oscar")
    cast = Cast(course=course, other_course=other, lab=make_lab(course), **people)
    Enrolment.objects.bulk_create(
        Enrolment(course=where, person=person, role=role)
        for where, person, role in (
            (course, cast.helen, Role.INSTRUCTOR), (course, cast.ines, Role.INSTRUCTOR), (course, cast.amit, Role.TA),
            (course, cast.ruth, Role.STUDENT), (course, cast.daniel, Role.STUDENT), (course, cast.sofia, Role.STUDENT),
            (other, cast.lena, Role.STUDENT), (other, cast.amit, Role.STUDENT),
        )
    )  # fmt: skip
    Session.objects.create(course=course, held_on=date.today(), column="lecture", title="Compression", position=1)
    return cast


@dataclass
class FakeUpload:
    """A file on disk that is handed in."""

    name: str
    path: Path
    sha256: str = ""
    size: int = 0

    def __post_init__(self) -> None:
        content = self.path.read_bytes()
        self.sha256, self.size = sha256(content).hexdigest(), len(content)

    def temporary_file_path(self) -> str:
        return str(self.path)


def onnx_like(folder: Path, name: str = "model.onnx", more: bytes = b"") -> FakeUpload:
    """Enough of an ONNX file to be taken at the door: ir_version, then a producer name."""
    path = folder / f"{uuid4().hex}.onnx"
    path.write_bytes(
        b"\x08\x08\x12\x07milliam" + b"\x3a\x02\x0a\x00" + (b"\x32" + bytes([len(more)]) + more if more else b"")
    )
    return FakeUpload(name, path)


def hand_in(
    cast: Cast, person: User, upload: FakeUpload, key: UUID | None = None, lab: Assignment | None = None
) -> Submission:
    submission, _ = submission_create(
        person=person, assignment=lab or cast.lab, upload=upload, upload_key=key or uuid4()
    )
    return submission
