"""What the instructors change of a runner: its name, its board, whom it serves."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from hardware.course_devices import profiles_of
from hardware.inventory.services.circulation import offer_changed
from hardware.models import Duty, Happened, Health, Item, Runner, RunnerEvent
from hardware.runners.enrolling import LONGEST_NAME, added_meanwhile, health_set, tags_read


@transaction.atomic
def runner_change(
    *,
    visit: Visit,
    runner: Runner,
    name: str,
    device: str,
    tags: Iterable[str] = (),
    team: Team | None = None,
    item: Item | None = None,
    now: datetime | None = None,
) -> Runner:
    """Its history keeps what it was before. Another kind of board is not checked yet: its golden model runs next.

    Raises:
        BadInput: code `no_name`, `unknown_device`, `bad_tag`, `too_many_tags`.
        Conflict: code `runner_revoked`, `runner_name_taken` or `item_has_runner`.
    """
    row, now = Runner.objects.select_for_update(of=("self",)).get(pk=runner.pk), now or timezone.now()
    if row.status == Duty.REVOKED:
        raise Conflict("This runner was revoked; it is kept as it was.", code="runner_revoked")
    name = " ".join(name.replace("\x00", "").split())[:LONGEST_NAME]
    given = {"name": name, "device": device, "tags": tags_read(tags), "team": team, "item": item}
    _check(row, name, device, item)
    before = {field: getattr(row, field) for field in given}
    changed = [field for field in given if before[field] != given[field]]
    if not changed:
        return row
    for field in changed:
        setattr(row, field, given[field])
    said = "; ".join(f"{field} {_words(before[field])} to {_words(given[field])}" for field in changed)
    with added_meanwhile():
        row.save(update_fields=changed)
    RunnerEvent.objects.create(runner=row, at=now, what=Happened.EDITED, said=said[:200], by=visit.by[:120])
    if "device" in changed and row.health == Health.GOOD:
        health_set(row, Health.UNKNOWN, by=visit.by, why="it is another kind of board now", now=now)
    row.save(update_fields=["health", "health_why", "health_at"])
    if {"item", "team"} & set(changed):
        for one in {before["item"], item} - {None}:
            transaction.on_commit(partial(offer_changed, one.pk))
    return row


def _check(row: Runner, name: str, device: str, item: Item | None) -> None:
    others = Runner.objects.filter(course=row.course_id).exclude(pk=row.pk).exclude(status=Duty.REVOKED)
    if not name:
        raise BadInput("Give the runner a name, for example that on the board's label.", code="no_name")
    if device != row.device and device not in profiles_of(row.course):
        raise BadInput(
            f"The course knows no device {device[:60]}. Choose one of its device profiles.", code="unknown_device"
        )
    if others.filter(name=name).exists():
        raise Conflict(f"The course has a runner {name} already. Choose another name.", code="runner_name_taken")
    if item is not None and Runner.objects.filter(item=item).exclude(pk=row.pk).exists():
        raise Conflict(f"{item.tag} carries a runner already.", code="item_has_runner")


def _words(value: object) -> str:
    if isinstance(value, Item):
        return value.tag
    return (", ".join(value) if isinstance(value, list) else str(value or "")) or "none"
