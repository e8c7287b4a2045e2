"""Teams of the demo course: one that is on its way, one that still forms, two students who look. All invented."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.states import MoveRow
from courseplatform.courses.access import Visit, visit_of
from courseplatform.courses.models import Course
from courseplatform.teams.models.boards import BoardMove
from courseplatform.teams.models.proposals import ProposalMove
from courseplatform.teams.models.slots import Slot
from courseplatform.teams.models.teams import Membership, Team, TeamEvent
from courseplatform.teams.services.boards import board_request_create, board_request_verify
from courseplatform.teams.services.feedback import feedback_round_create, feedback_submit
from courseplatform.teams.services.invitations import invitation_answer, invitation_send, join_request_send
from courseplatform.teams.services.looking import looking_profile_save
from courseplatform.teams.services.proposals import proposal_decide, proposal_submit
from courseplatform.teams.services.slots import SlotFacts, slot_book, slots_create
from courseplatform.teams.services.staffing import team_confirm
from courseplatform.teams.services.teams import team_create, team_describe

PARTS = {
    "ruth.adeyemi": "model, quantization",
    "daniel.park": "data, measurements",
    "sofia.lindgren": "device, writing",
}
FIRST_TEXT = "We read finger spelling from the camera of a Raspberry Pi and write the letters as text."
SECOND_TEXT = """We read finger spelling from the camera of a Raspberry Pi and write the letters as text.

- **Task:** ten static signs, one hand, indoor light. Moving signs (J and Z) are left out.
- **Number to reach:** 90 % of ten signs right, at 30 ms a frame on the board.
- **Data:** our own photographs of four hands, a hundred of each sign, and as many of an empty desk.
- **Stages:** inference first, then new signs by weight imprinting, then a second charge's worth of energy saved.
"""
HERON_TEXT = """A phone call in two languages: speech goes in, text in the other language comes out, without a server.

One number: the text is there at most 2 s after the end of a sentence.
"""
# author: (about the goal, about numbers, about the plan, in words)
SAID_OF_MAGPIE = {
    "kenji.mori": (5, 4, 3, "You measure the board but not the camera. What does it draw?"),
    "ana.silva": (5, 4, 3, "Ten signs in six weeks is fine; moving signs (J and Z) would not be."),
    "tomas.novak": (4, 4, 4, ""),
    "leila.haddad": (4, 5, 3, "Show a wrong letter, too, and what the model took it for."),
}
SAID_OF_HERON = {
    "ruth.adeyemi": (4, 2, 3, "Two seconds after the sentence: measured from which sample on?"),
    "daniel.park": (3, 3, 2, "Start with one direction; the other one doubles the memory."),
    "sofia.lindgren": (4, 3, 3, ""),
}


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Called once on a fresh course, inside the transaction of the demo."""
    visits = {
        address.split("@")[0]: visit_of(person, course.slug)
        for address, person in people.items()
        if course.enrolments.filter(person=person).exists()
    }
    magpie = _magpie(visits, now)
    heron = _heron(visits, now)
    _looking(visits, heron, now)
    _slots(visits, magpie, now)
    _feedback(visits, magpie, heron, now)


def _at(course: Course, now: datetime, days: int, hour: int, minute: int = 0) -> datetime:
    """A wall time of the course, so many days from today."""
    return course.wall(timezone.localdate(now, course.tz) + timedelta(days=days), time(hour, minute))


def _magpie(visits: Mapping[str, Visit], now: datetime) -> Team:
    ruth, daniel, sofia = visits["ruth.adeyemi"], visits["daniel.park"], visits["sofia.lindgren"]
    founded = _at(ruth.course, now, -53, 11, 20)
    team = team_create(visit=ruth, name="Magpie", summary="ten hand signs from the camera to text", now=founded)
    invitation = invitation_send(visit=ruth, team=team, person=daniel.person, now=founded)
    invitation_answer(visit=daniel, invitation=invitation, answer="accept", now=founded + timedelta(hours=3))
    asked = join_request_send(
        visit=sofia, team=team, message="I have soldered before, and I like to write.", now=founded
    )
    invitation_answer(visit=ruth, invitation=asked, answer="accept", now=founded + timedelta(hours=5))
    team_describe(
        visit=ruth, team=team, project_title="Finger spelling on a Raspberry Pi", summary="ten hand signs from the camera to text",
        board_choice="Raspberry Pi 4, 8 GB", wants_members=False,
    )  # fmt: skip
    for name, part in PARTS.items():
        Membership.objects.filter(team=team, person=visits[name].person).update(part=part)
    _magpie_proposal(visits, team, now)
    team_confirm(visit=visits["helen.castell"], team=team)
    _date_events(team, [founded, *(founded + timedelta(hours=h) for h in (3, 5, 29, 700, 701))])
    return team


def _magpie_proposal(visits: Mapping[str, Visit], team: Team, now: datetime) -> None:
    facts = {"title": "Finger spelling on a Raspberry Pi", "inputs": "images", "output": "text"}
    handed_in = [_at(team.course, now, -29, 9, 20), _at(team.course, now, -25, 21, 4)]
    first = proposal_submit(
        visit=visits["daniel.park"], team=team, text=FIRST_TEXT, seen_revision=0, now=handed_in[0], **facts
    )
    proposal_decide(
        visit=visits["amit.rosen"], team=team, decision="counter", comment="state the task and one number to reach", seen_revision=1
    )  # fmt: skip
    proposal_submit(
        visit=visits["ruth.adeyemi"], team=team, text=SECOND_TEXT, seen_revision=1, now=handed_in[1], **facts
    )
    proposal_decide(
        visit=visits["helen.castell"], team=team, decision="approve", comment="90 % of ten signs at 30 ms, on the board", seen_revision=2
    )  # fmt: skip
    moves = ProposalMove.objects.filter(subject=first.proposal).order_by("pk")
    _date_moves(
        list(moves), [handed_in[0], _at(team.course, now, -26, 16), handed_in[1], _at(team.course, now, -24, 10, 15)]
    )


def _date_moves(rows: list[ProposalMove], moments: list[datetime]) -> None:
    """History is stamped when it is written; the demo's happened earlier."""
    for row, moment in zip(rows, moments, strict=True):
        history: type[MoveRow] = type(row)
        history._base_manager.filter(pk=row.pk).update(at=moment)


def _date_events(team: Team, moments: list[datetime]) -> None:
    for row, moment in zip(TeamEvent.objects.filter(team=team).order_by("pk"), moments, strict=False):
        TeamEvent._base_manager.filter(pk=row.pk).update(at=moment)


def _heron(visits: Mapping[str, Visit], now: datetime) -> Team:
    kenji, ana = visits["kenji.mori"], visits["ana.silva"]
    founded = _at(kenji.course, now, -46, 15, 45)
    team = team_create(visit=kenji, name="Heron", summary="Speech in one language in, text in another out", now=founded)
    invitation = invitation_send(visit=kenji, team=team, person=ana.person, now=founded)
    invitation_answer(visit=ana, invitation=invitation, answer="accept", now=founded + timedelta(hours=20))
    team_describe(
        visit=ana, team=team, project_title="Translation without a server", summary="Speech in one language in, text in another out",
        board_choice="Jetson Nano, 4 GB", wants_members=True,
    )  # fmt: skip
    handed_in = now - timedelta(days=2)
    revision = proposal_submit(
        visit=ana, team=team, title="Translation without a server", suggestion="Real-time Machine Translation", inputs="speech",
        output="text", text=HERON_TEXT, seen_revision=0, now=handed_in,
    )  # fmt: skip
    ProposalMove._base_manager.filter(subject=revision.proposal).update(at=handed_in)
    request = board_request_create(
        visit=kenji, team=team, board="Coral Dev Board Mini, 2 GB", now=now - timedelta(days=12),
        why="Kenji owns one, and its accelerator runs the encoder in eight bits.",
    )  # fmt: skip
    board_request_verify(request=request, run_ref="Lab 2, run of Kenji Mori", by=visits["amit.rosen"].by)
    BoardMove._base_manager.filter(subject=request).update(at=now - timedelta(days=9))
    days = [timedelta(days=12), timedelta(days=9)]
    _date_events(
        team, [founded, founded + timedelta(hours=20), founded + timedelta(hours=21), *(now - gap for gap in days)]
    )
    return team


def _looking(visits: Mapping[str, Visit], heron: Team, now: datetime) -> None:
    tomas, leila = visits["tomas.novak"], visits["leila.haddad"]
    looking_profile_save(
        visit=tomas, interests="Speech on small boards, keyword spotting", skills="C, soldering, a little PyTorch",
        hours="Tuesday and Thursday after class, about 8 hours a week", board="Raspberry Pi 4, 8 GB",
    )  # fmt: skip
    looking_profile_save(
        visit=leila, interests="Robot arms, learning from demonstration", skills="PyTorch, data collection, writing",
        hours="Evenings and Sunday, about 10 hours a week",
    )  # fmt: skip
    invitation_send(
        visit=visits["ana.silva"], team=heron, person=tomas.person, message="Your keyword spotting would start our translator. Join us?",
        now=now - timedelta(days=1),
    )  # fmt: skip
    join_request_send(visit=leila, team=heron, message="I can collect the speech data.", now=now - timedelta(hours=7))


def _slots(visits: Mapping[str, Visit], magpie: Team, now: datetime) -> None:
    amit, helen = visits["amit.rosen"], visits["helen.castell"]
    today = timezone.localdate(now, magpie.course.tz)
    tuesday = today + timedelta(days=(1 - today.weekday()) % 7 or 7)
    status = SlotFacts(amit.person, Slot.Kind.STATUS, tuesday, place="Zoom", link="https://example.edu/calls/amit")
    made = slots_create(visit=amit, facts=status, starts=time(9, 20), ends=time(10, 50), minutes=15, now=now)
    scoping = SlotFacts(helen.person, Slot.Kind.SCOPING, tuesday + timedelta(days=2), place="GHC 5417")
    slots_create(visit=helen, facts=scoping, starts=time(13), ends=time(14), minutes=20, now=now)
    slot_book(
        visit=visits["daniel.park"], team=magpie, slot=made[2], topic="Bias only, or the last layer too?", now=now
    )


def _feedback(visits: Mapping[str, Visit], magpie: Team, heron: Team, now: datetime) -> None:
    helen, course = visits["helen.castell"], magpie.course
    opens = _at(course, now, -14, 9, 30)
    first = feedback_round_create(
        visit=helen,
        title="Project sharing 1",
        opens_at=opens,
        closes_at=opens + timedelta(days=1),
        teams=[magpie, heron],
    )
    keys = [question.pk for question in first.questions.all()]
    moment = opens + timedelta(hours=1)
    for team, said in ((magpie, SAID_OF_MAGPIE), (heron, SAID_OF_HERON)):
        for name, answers in said.items():
            feedback_submit(
                visit=visits[name], round_=first, team=team, answers=dict(zip(keys, answers, strict=True)), now=moment
            )
    note = (5, 4, 3, "Keep stage 2 to one method and measure it well: bias only is the interesting one.")
    feedback_submit(visit=helen, round_=first, team=magpie, answers=dict(zip(keys, note, strict=True)), now=moment)
    feedback_round_create(
        visit=helen,
        title="Project sharing 2",
        opens_at=now - timedelta(hours=2),
        closes_at=_at(course, now, 2, 18),
        teams=[magpie, heron],
    )
