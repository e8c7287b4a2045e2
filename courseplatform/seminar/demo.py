"""The seminar of the demo course: papers, slots, a published matching, an open round, a swap, feedback, points, highlights.

Everything goes through the services, at the times at which it would have happened.
"""

from datetime import datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit, visit_of
from courseplatform.courses.models import Course, Session
from courseplatform.seminar import demo_papers as data
from courseplatform.seminar.models import Duty, Paper, PresentationSlot, SlotPerson
from courseplatform.seminar.services import after, highlights, papers, rounds, slots, swaps

LATE_EVENING = time(23, 59)


def load(*, course: Course, people: dict[str, User], now: datetime) -> None:
    """`people`: the demo's cast by e-mail address. Called once on a fresh course."""
    if "presentations" not in course.facts:
        course.facts["presentations"] = data.PARTS
        course.save(update_fields=["facts"])
    _Demo(course, people, now).load()


class _Demo:
    def __init__(self, course: Course, people: dict[str, User], now: datetime) -> None:
        self.course, self.now = course, now
        self.by_first = {email.split(".", 1)[0]: person for email, person in people.items()}
        self.visits: dict[str, Visit] = {}
        self.helen = self.visit("helen")

    def visit(self, first: str) -> Visit:
        if first not in self.visits:
            self.visits[first] = visit_of(self.by_first[first], self.course.slug)
        return self.visits[first]

    def session(self, title: str) -> Session:
        return self.course.sessions.filter(title__startswith=title).exclude(held_on=None)[0]

    def load(self) -> None:
        for facts in data.SPARE:
            papers.paper_list(visit=self.helen, facts=papers.PaperFacts(**facts))
        made = [self.slot(*line) for line in data.SLOTS]
        self.match_presenters(made)
        made = list(
            PresentationSlot.objects.filter(pk__in=[slot.pk for slot in made])
            .select_related("session__course", "paper")
            .in_order()
        )
        for slot in made:
            if slot.is_over(self.now):
                self.presented(slot)
        self.open_reviews(made)
        self.ask_swap()
        self.proposals()
        for title, writers, text in data.HIGHLIGHTS:
            self.highlight(self.session(title), writers, text)

    def slot(
        self, title: str, facts: dict[str, object] | None, presenter: str, reviewers: tuple[str, ...]
    ) -> PresentationSlot:
        session = self.session(title)
        (slot,) = slots.slots_make(visit=self.helen, session=session, count=1)
        paper = papers.paper_list(visit=self.helen, facts=papers.PaperFacts(**facts)) if facts else None  # type: ignore[arg-type]
        choose_by = None if paper else session.day - timedelta(days=11)
        wanted = slots.SlotFacts(session, paper, 15, 5, 1, 2, choose_by)
        slot = slots.slot_change(visit=self.helen, slot=slot, facts=wanted)
        for name in reviewers:
            slots.duty_give(visit=self.helen, slot=slot, person=self.by_first[name], role=Duty.REVIEWER)
        return slot

    def match_presenters(self, made: list[PresentationSlot]) -> None:
        """The second week of the term: everybody ranks, the matching is published on the next morning."""
        first = self.course.starts_on or timezone.localdate(self.now)
        asked, due = first + timedelta(days=2), first + timedelta(days=6)
        at = self.course.wall(asked, time(10))
        found = rounds.round_open(
            visit=self.helen, role=Duty.PRESENTER, due_on=due, due_time=LATE_EVENING, least=0, now=at
        )
        for name, order in data.ORDERS.items():
            keys = [made[place].pk for place in order]
            rounds.ranking_save(visit=self.visit(name), found=found, order=keys, now=at + timedelta(days=1))
        morning = self.course.wall(due + timedelta(days=1), time(9))
        run = rounds.matching_run(visit=self.helen, found=found, seed="demo", now=morning)
        rounds.matching_publish(visit=self.helen, run=run, now=morning)

    def presented(self, slot: PresentationSlot) -> None:
        """Slides were in, the room spoke, points were given; the last ones are not released."""
        begins = slot.begins_at
        presenters = list(
            SlotPerson.objects.filter(slot=slot, role=Duty.PRESENTER).select_related("person", "slot__session__course")
        )
        if begins is None or not presenters:
            return
        who = self.visit(presenters[0].person.email.split(".", 1)[0])
        slots.slides_set(
            visit=who, slot=slot, url="https://example.edu/slides", now=begins - timedelta(hours=23),
            questions="Where would this fail on our boards?\nWhat did the authors leave out?\nWhat would you measure next?",
        )  # fmt: skip
        listeners = [name for name in data.ORDERS if self.by_first[name] not in [row.person for row in presenters]]
        for name, (clarity, depth, good, better) in zip(listeners, data.FEEDBACK, strict=False):
            facts = after.FeedbackFacts(clarity, depth, good, better)
            after.feedback_give(visit=self.visit(name), slot=slot, facts=facts, now=begins + timedelta(hours=2))
        comment = "Clear about what was measured; the weaknesses came short."
        after.score_set(
            visit=self.helen, duty=presenters[0], facts=after.ScoreFacts(Decimal("13.5"), Decimal(15), comment)
        )
        if self.now - begins > timedelta(days=14):
            after.scores_release(visit=self.helen, slot=slot, now=begins + timedelta(days=7))

    def open_reviews(self, made: list[PresentationSlot]) -> None:
        due = timezone.localdate(self.now, self.course.tz) + timedelta(days=3)
        found = rounds.round_open(
            visit=self.helen, role=Duty.REVIEWER, due_on=due, due_time=LATE_EVENING, least=0, now=self.now
        )
        for name, order in data.REVIEW_ORDERS.items():
            begins = [(made[place].pk, made[place].begins_at) for place in order]
            keys = [key for key, at in begins if at is not None and at > self.now]
            rounds.ranking_save(visit=self.visit(name), found=found, order=keys, now=self.now)

    def ask_swap(self) -> None:
        """Ruth would rather present two weeks later; Sofia has not answered."""
        mine, theirs = self.duty("ruth"), self.duty("sofia")
        last = swaps.last_answer_day(mine.slot, theirs.slot)
        week = timezone.localdate(self.now, self.course.tz) + timedelta(days=7)
        swaps.swap_ask(
            visit=self.visit("ruth"), mine=mine, theirs=theirs, answer_by=min(week, last or week), reason="Lab 4 is due in that week.",
            now=self.now - timedelta(hours=5),
        )  # fmt: skip

    def duty(self, name: str) -> SlotPerson:
        rows = SlotPerson.objects.filter(
            person=self.by_first[name], role=Duty.PRESENTER, slot__session__course=self.course
        )
        return rows.select_related("slot__session__course", "slot__paper", "person").get()

    def proposals(self) -> None:
        papers.paper_propose(
            visit=self.visit("daniel"),
            facts=papers.PaperFacts(**data.KEYWORD),
            reason="Our team spots keywords on the Pi; this is the model we start from.",
        )
        taken = papers.paper_propose(
            visit=self.visit("ana"),
            facts=papers.PaperFacts(**data.IMPRINTED),
            reason="Adds a class without training, which fits the second project stage.",
        )
        papers.paper_answer(
            visit=self.helen,
            paper=taken,
            to=Paper.Status.ACCEPTED,
            answer="Good fit for the slot in the project hours.",
        )
        other = papers.paper_propose(
            visit=self.visit("tomas"),
            facts=papers.PaperFacts(**data.DEEP_COMPRESSION),
            reason="The classic on pruning and quantization together.",
        )
        counter = Paper.objects.get(course=self.course, title=data.LLM_INT8["title"])
        papers.paper_answer(
            visit=self.helen,
            paper=other,
            to=Paper.Status.COUNTERED,
            answer="We covered it in the lecture. Would you take this one?",
            counter=counter,
        )

    def highlight(self, session: Session, writers: tuple[str, ...], text: str) -> None:
        """Over two weeks ago: published. Since then: handed in, if its time is over, else a draft."""
        found = highlights.highlight_assign(
            visit=self.helen, session=session, people=[self.by_first[name] for name in writers]
        )
        due = found.due_at
        if not text or due is None:
            return
        who = self.visit(writers[0])
        if due > self.now:
            highlights.highlight_save(
                visit=who, highlight=found, text=text, version=0, now=self.now - timedelta(minutes=30)
            )
            return
        found = highlights.highlight_submit(
            visit=who, highlight=found, text=text, version=0, now=due - timedelta(hours=2)
        )
        if self.now - due > timedelta(days=24):
            highlights.highlight_publish(visit=self.helen, highlight=found, now=due + timedelta(days=1))
