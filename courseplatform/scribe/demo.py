"""Scribe notes of the demo course: each state of a note once, with real words about the course's subjects. The people are invented."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Course, Enrolment, Role, Session
from courseplatform.scribe.models import ChangeRequest, NoteVersion, Origin, RequestStatus, ScribeDuty
from courseplatform.scribe.selectors.duties import scribed_sessions
from courseplatform.scribe.services.drafts import Source, draft_import, draft_save, note_hand_in
from courseplatform.scribe.services.duties import duty_assign
from courseplatform.scribe.services.review import changes_ask, note_approve, request_create, request_move, request_reply

NOTES = Path(__file__).parent / "demo_notes"
STUDENTS = ("kenji.mori", "ana.silva", "daniel.park", "tomas.novak", "leila.haddad", "sofia.lindgren")
COMMIT = "4be27d1c09f5a1f0b7a0c6f2f6d5f3f0a8e1b7c2"


def note(name: str) -> str:
    return (NOTES / name).read_text(encoding="utf-8")


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Called once on a fresh course. Lectures of other courses than the demo's are assigned in order all the same."""
    Demo(course, people, now).load()


class Demo:
    def __init__(self, course: Course, people: Mapping[str, User], now: datetime) -> None:
        self.course, self.now = course, now
        self.people = {address.split("@")[0]: person for address, person in people.items()}
        self.roles = dict(Enrolment.objects.filter(course=course, is_active=True).values_list("person", "role"))
        self.sessions = [
            session
            for session in scribed_sessions(course, staff=True)
            if session.held_on and not re.search("Project|Presentations", session.title)
        ]

    def load(self) -> None:
        staff = self.visit("amit.rosen")
        past = [session for session in self.sessions if session.day + timedelta(days=7) < self.now.date()]
        near = [session for session in self.sessions if session not in past]
        if len(past) < 4 or staff is None:
            return
        self._example(staff, past[0])
        by_words = {"Benchmarking": "benchmarking.md", "Distillation": "distillation.md", "CNN": "cnns.md"}
        for n, session in enumerate(past[1:]):
            duty = self._assign(staff, session, n)
            if "Quantization" in session.title:
                self._quantization(staff, duty)
                continue
            if "Vision" in session.title:
                self._hand_in(duty, note("vision.md"), self.at(duty.session.day + timedelta(days=8), "09:20"))
            name = next((name for word, name in by_words.items() if word in session.title), "")
            if name:
                self._published(staff, duty, note(name))
        for n, session in enumerate(near, len(past)):
            duty = self._assign(staff, session, n)
            if "Transformers" in session.title:
                self._being_written(duty)

    def visit(self, name: str) -> Visit | None:
        person = self.people.get(name)
        role = self.roles.get(person.pk) if person else None
        return Visit(person, self.course, Role(role)) if person and role else None

    def at(self, day: date, clock: str) -> datetime:
        return min(self.course.wall(day, time.fromisoformat(clock)), self.now)

    def _assign(self, staff: Visit, session: Session, n: int) -> ScribeDuty:
        pool = [self.people[name] for name in STUDENTS if name in self.people]
        pair = [pool[(2 * n) % len(pool)], pool[(2 * n + 1) % len(pool)]]
        ruth = self.people.get("ruth.adeyemi")
        if ruth and any(word in session.title for word in ("Transformers", "Quantization")):
            pair = [ruth, pair[0]]
        return duty_assign(visit=staff, session=session, people=pair)

    def _scribe(self, duty: ScribeDuty) -> Visit:
        person = duty.members.select_related("person").order_by("position")[0].person
        return Visit(person, self.course, Role(self.roles[person.pk]))

    def _hand_in(self, duty: ScribeDuty, text: str, at: datetime) -> NoteVersion:
        by = self._scribe(duty)
        duty = draft_save(visit=by, duty=duty, text=text, edition=ScribeDuty.objects.get(pk=duty.pk).edition, now=at)
        return note_hand_in(visit=by, duty=duty, edition=duty.edition, now=at)

    def _published(self, staff: Visit, duty: ScribeDuty, text: str) -> None:
        version = self._hand_in(duty, text, self.at(duty.session.day + timedelta(days=5), "21:40"))
        note_approve(visit=staff, version=version, now=self.at(duty.session.day + timedelta(days=8), "10:15"))

    def _example(self, staff: Visit, session: Session) -> None:
        duty = duty_assign(visit=staff, session=session, people=[staff.person], is_example=True)
        duty = draft_save(
            visit=staff,
            duty=duty,
            text=note("opening.md"),
            edition=0,
            now=self.at(session.day + timedelta(days=2), "15:05"),
        )
        version = note_hand_in(
            visit=staff, duty=duty, edition=duty.edition, now=self.at(session.day + timedelta(days=2), "15:10")
        )
        note_approve(visit=staff, version=version, now=self.at(session.day + timedelta(days=2), "15:20"))

    def _quantization(self, staff: Visit, duty: ScribeDuty) -> None:
        """Two rounds from a pull request, three requests: one confirmed, one done, one open."""
        day, by = duty.session.day, self._scribe(duty)
        source = Source(Origin.PULL_REQUEST, 31, COMMIT, "compression1.md")
        figure = {"fig/linear3bit.png": (NOTES / "linear3bit.png").read_bytes()}
        first_at = self.at(day + timedelta(days=4), "22:30")
        duty = draft_import(
            visit=by,
            duty=duty,
            text=note("quantization-1.md"),
            source=source,
            images=figure,
            now=first_at,
        )
        first = note_hand_in(visit=by, duty=duty, edition=duty.edition, now=first_at)
        asked = self.at(day + timedelta(days=6), "16:02")

        def ask(words: str, text: str) -> ChangeRequest:
            line = next(n for n, found in enumerate(first.lines, 1) if words in found)
            return request_create(visit=staff, version=first, line=line, text=text, now=asked)

        one = ask("$$ Z =", "round() is missing: Z is stored as an integer.")
        two = ask(
            "With $r$ from", "Equation 3 rounds, the example does not. -2.25 rounds to -2; the figure already uses -2."
        )
        three = ask("real zero maps to", "Say why zero has to be exact, it is the reason for Z.")
        changes_ask(visit=staff, version=first)
        duty = ScribeDuty.objects.get(pk=duty.pk)
        second_at = self.at(day + timedelta(days=7), "21:10")
        duty = draft_import(visit=by, duty=duty, text=note("quantization-2.md"), source=source, now=second_at)
        for request in (one, three):
            request_move(visit=by, request=request, to=RequestStatus.DONE)
        second = note_hand_in(visit=by, duty=duty, edition=duty.edition, now=second_at)
        request_reply(
            visit=by,
            request=two,
            text="Fixed the figure, missed the sentence. Will push tonight.",
            now=second_at + timedelta(minutes=4),
        )
        request_move(visit=staff, request=one, to=RequestStatus.CONFIRMED)
        request_move(visit=staff, request=three, to=RequestStatus.CONFIRMED)
        if self.roles.get(by.person.pk) not in STAFF:
            changes_ask(visit=staff, version=second)

    def _being_written(self, duty: ScribeDuty) -> None:
        draft_save(
            visit=self._scribe(duty),
            duty=duty,
            text=note("transformers.md"),
            edition=0,
            now=self.now - timedelta(hours=3),
        )
