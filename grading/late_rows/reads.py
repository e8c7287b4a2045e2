"""The queries behind the facts of a circle, prepared: every page of a lab asks them. `people` and `teams`: the keys of those in the circle."""

from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from courseplatform.accounts.models import User
from courseplatform.core.prepared import Prepared
from courseplatform.teams.models import Membership
from courseplatform.teams.selectors.membership import memberships_of
from grading.models.late_days import Accommodation, EntryKind, Excuse, Extension, LateEntry, LateRequest
from grading.models.reruns import PointsBefore
from grading.models.runs import Result
from grading.models.submissions import Submission

NEAR = Prepared(
    lambda course, people: memberships_of(course).filter(
        team__in=Membership.objects.filter(
            person__in=Membership.objects.filter(
                team__in=Membership.objects.filter(course=course, person__in=people).order_by().values("team")
            ).order_by().values("person"),
            course=course,
        ).order_by().values("team")
    ),
    course=int, people=list,
)  # fmt: skip
PEOPLE = Prepared(lambda people: User.objects.filter(pk__in=people), people=list)


def owned(people: list[int], teams: list[int], way: str = "") -> Q:
    return Q(**{f"{way}team__in": teams}) | Q(**{f"{way}team": None, f"{way}person__in": people})


OWNERS: dict[str, Any] = {"course": int, "people": list, "teams": list}
HAND_INS: Prepared[Any] = Prepared(
    lambda course, people, teams: Submission.objects.filter(owned(people, teams), assignment__course=course)
    .values_list("pk", "model_from", "person", "team", "assignment", "received_at", "is_active", "counts"),
    **OWNERS,
)  # fmt: skip
# A re-run of the whole lab never moves late days, so it is not asked: what a result said before it was counted again holds here.
BEFORE = PointsBefore.objects.filter(result=OuterRef("pk")).order_by("pk")
MARKS: Prepared[Any] = Prepared(
    lambda course, people, teams: Result.objects.filter(
        owned(people, teams, "run__submission__"), run__submission__assignment__course=course, rerun_item=None
    ).order_by("made_at").values_list(
        "run__submission", Coalesce(Subquery(BEFORE.values("earned")[:1]), "earned"), Coalesce(Subquery(BEFORE.values("of")[:1]), "of")
    ),
    **OWNERS,
)  # fmt: skip
EXTENSIONS = Prepared(
    lambda course, people, teams: Extension.objects.filter(owned(people, teams), assignment__course=course, withdrawn_at=None), **OWNERS
)  # fmt: skip
ACCOMMODATIONS = Prepared(
    lambda course, people: Accommodation.objects.filter(course=course, person__in=people, withdrawn_at=None),
    course=int, people=list,
)  # fmt: skip
EXCUSES = Prepared(
    lambda course, people: Excuse.objects.filter(assignment__course=course, person__in=people, withdrawn_at=None),
    course=int, people=list,
)  # fmt: skip
GRANTS: Prepared[Any] = Prepared(
    lambda course, people, teams: LateEntry.objects.filter(owned(people, teams), course=course, assignment=None)
    .exclude(kind=EntryKind.POLICY).values_list("person", "team", "days", "since", "bank", "reason"),
    **OWNERS,
)  # fmt: skip
REQUESTS: Prepared[Any] = Prepared(
    lambda course, people, teams: LateRequest.objects.filter(owned(people, teams), assignment__course=course)
    .values_list("person", "team", "assignment", "units", "asked_at"),
    **OWNERS,
)  # fmt: skip
GIVEN: Prepared[Any] = Prepared(
    lambda course, people, teams, bank: LateEntry.objects.filter(
        owned(people, teams), course=course, kind=EntryKind.GRANT, bank=bank
    ).values_list("days", flat=True),
    **OWNERS, bank=str,
)  # fmt: skip
ENTRIES = Prepared(
    lambda course, people, teams: LateEntry.objects.filter(owned(people, teams), course=course).select_related("submission__person"),
    **OWNERS,
)  # fmt: skip
