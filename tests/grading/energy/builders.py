"""A project with stages around now, and readings of a team."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from grading.energy.amounts import Amount
from grading.models import PowerReading
from grading.services.power_readings import ReadingFacts, power_reading_add


def with_stages(course, **changes):
    """Three stages: one that ended 10 days ago, one that is on since 9 days ago for 10 more, one to come. changes: by key."""
    today = timezone.localdate(timezone.now(), course.tz)
    days = {"inference": (-30, -10), "updates": (-9, 10), "power": (11, 30)}
    stages = [
        {
            "key": key, "title": key.capitalize(), "from": f"{today + timedelta(days=first)}", "until": f"{today + timedelta(days=last)}",
            "budget_mah": 4000, **changes.get(key, {}),
        }
        for key, (first, last) in days.items()
    ]  # fmt: skip
    course.facts = course.facts | {"project": {"stages": stages}}
    course.save()
    return stages


def facts_of(mah=420, *, days_ago=1.0, label="bias only", **more):
    at = timezone.now() - timedelta(days=days_ago)
    return ReadingFacts(at, label, Amount(Decimal(mah), "meter"), **more)


def reading_of(cast, person, team, mah=420, **more):
    """Added as the form does, in the first stage too: as somebody did in time."""
    facts = facts_of(mah, **more)
    row, _ = power_reading_add(
        visit=cast.visit(person), team=team, facts=facts, entry_key=uuid4(), now=min(facts.at + timedelta(hours=1), timezone.now())
    )  # fmt: skip
    return row


def power_of(cast, team):
    """What the addresses of this part need: a course with stages, and a reading."""
    with_stages(cast.course)
    cast.course.refresh_from_db()
    return {"<int:power_reading>": str(reading_of(cast, cast.ruth, team).pk)}


def total(team):
    return sum((row.used_mah for row in PowerReading.objects.standing().filter(team=team)), Decimal(0))
