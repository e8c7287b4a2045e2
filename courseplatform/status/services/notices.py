"""What operators write: notices to everybody, planned maintenance, incidents in words, and the log of what they did."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, NotHere
from courseplatform.core.states import move
from courseplatform.status.banner import banner_refresh
from courseplatform.status.hooks import registry
from courseplatform.status.models import (
    INCIDENT_MOVES,
    NOTICE_MOVES,
    Deed,
    Incident,
    IncidentMove,
    IncidentStatus,
    NoticeMove,
    NoticeStatus,
    SiteNotice,
)

LONGEST = timedelta(days=14)


def deed_record(*, by: str, what: str, state: str = "done", at: datetime | None = None) -> Deed:
    """A line in the log of operators. Programs of theirs (a backup, a restore test) write here too."""
    return Deed.objects.create(by=by[:120], what=what[:300], state=state[:120], at=at or timezone.now())


@transaction.atomic
def notice_write(
    *, person: User, text: str, starts_at: datetime, ends_at: datetime, closes_site: bool = False
) -> SiteNotice:
    """Raises BadInput where it would end before it starts, has ended, or stays for more than two weeks."""
    now = timezone.now()
    if ends_at <= starts_at or ends_at <= now:
        raise BadInput(
            "The notice would end before it begins. Choose an end that is still to come.", code="notice_over"
        )
    if ends_at - starts_at > LONGEST:
        raise BadInput("A notice stays for two weeks at most. Choose an earlier end.", code="notice_too_long")
    row = SiteNotice.objects.create(
        text=text, starts_at=starts_at, ends_at=ends_at, closes_site=closes_site, made_by=person.email
    )
    kind = "planned maintenance" if closes_site else "a notice on every page"
    deed_record(by=person.email, what=f"Wrote {kind}: {text}", state=f"until {ends_at:%Y-%m-%d %H:%M} UTC")
    transaction.on_commit(lambda: banner_refresh(now=timezone.now()))
    return row


@transaction.atomic
def notice_take_back(*, person: User, notice: SiteNotice) -> None:
    """Raises IllegalMove where it is taken back already."""
    move(notice, moves=NOTICE_MOVES, to=NoticeStatus.TAKEN_BACK, by=person.email, history=NoticeMove)
    deed_record(by=person.email, what=f"Took back the notice: {notice.text}")
    transaction.on_commit(lambda: banner_refresh(now=timezone.now()))


@transaction.atomic
def incident_write(
    *, person: User, title: str, says: str, opened_at: datetime, closed_at: datetime | None, is_down: bool
) -> Incident:
    """What no rule sees. Raises BadInput where it ends before it began."""
    if closed_at is not None and closed_at < opened_at:
        raise BadInput("The incident would end before it began.", code="incident_ends_first")
    if opened_at > timezone.now():
        raise BadInput("What has not happened yet is no incident. Plan maintenance instead.", code="incident_to_come")
    deed_record(by=person.email, what=f"Wrote an incident: {title}")
    return Incident.objects.create(
        key=f"written {uuid4()}", title=title, says=says, opened_at=opened_at, closed_at=closed_at, is_down=is_down, by=person.email,
        status=IncidentStatus.CLOSED if closed_at else IncidentStatus.OPEN,
    )  # fmt: skip


@transaction.atomic
def incident_close(*, person: User, incident: Incident, says: str) -> None:
    """End one that an operator wrote; those of rules end by themselves. Raises IllegalMove where it has ended."""
    move(
        incident, moves=INCIDENT_MOVES, to=IncidentStatus.CLOSED, by=person.email, history=IncidentMove,
        closed_at=max(timezone.now(), incident.opened_at), says=says or incident.says,
    )  # fmt: skip
    deed_record(by=person.email, what=f"Closed the incident: {incident.title}")


@transaction.atomic
def act_do(*, person: User, key: str) -> str:
    """Do what was offered under this key, and log it. Raises NotHere where it is offered no more."""
    now = timezone.now()
    offered = {act.key: act for read in registry.acts.values() for act in read(now)}
    if key not in offered:
        raise NotHere("This is not offered any more. Load the page again to see what is.")
    what = offered[key].do(person.email)
    deed_record(by=person.email, what=what)
    return what
