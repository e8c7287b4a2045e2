"""A runner comes to the site: staff add it and make a code, its machine uses the code once and has a token from then on."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.core.errors import AppError, BadInput, Conflict, NotHere, NotSignedIn
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from hardware.course_devices import profiles_of
from hardware.inventory.services.circulation import offer_changed
from hardware.models import Duty, EnrolCode, Health, HealthMove, Item, Runner, RunnerToken
from hardware.runners.facts import facts_read
from hardware.runners.needs import LONGEST_TAG, MOST_TAGS, is_tag
from hardware.runners.secrets import TOKEN_SHOWN, TOKEN_START, code_typed, digest_of, new_code, new_token

CODE_LIVES, LOST_ANSWER, OLD_TOKEN_LIVES = timedelta(minutes=30), timedelta(minutes=10), timedelta(minutes=10)
PROTOCOL = (1, 1)  # the oldest and the newest that is spoken here
MOST_TOKENS = 20
LONGEST_NAME = 60
REVOKED = "This runner was revoked. The staff of the course can add it again; then enrol it with the new code."


class ProtocolUnsupported(AppError):
    """The agent is older or newer than what is spoken here."""

    http_status = 426
    default_code = "protocol_unsupported"


class CodeExpired(AppError):
    http_status = 410
    default_code = "code_expired"


def protocol_checked(least: Any, most: Any) -> int:
    """The newest protocol that both speak. Raises ProtocolUnsupported, with the range of this site."""
    if type(least) is not int or type(most) is not int or least > PROTOCOL[1] or most < PROTOCOL[0]:
        said = f"This site speaks the runner protocol {PROTOCOL[0]} to {PROTOCOL[1]}. Download the agent again from the page Runners."
        raise ProtocolUnsupported(said, details={"min": PROTOCOL[0], "max": PROTOCOL[1]})
    return int(min(most, PROTOCOL[1]))


@transaction.atomic
def runner_add(
    *,
    visit: Visit,
    name: str,
    device: str,
    tags: Iterable[str] = (),
    team: Team | None = None,
    item: Item | None = None,
) -> tuple[Runner, str]:
    """Add a board to the course. Returns it and the code with which its machine enrols, which nobody can be shown again.

    Raises:
        BadInput: code `no_name`, `unknown_device`, `bad_tag`, `too_many_tags`.
        Conflict: code `runner_name_taken` or `item_has_runner`.
    """
    name, course = " ".join(name.replace("\x00", "").split())[:LONGEST_NAME], visit.course
    if not name:
        raise BadInput("Give the runner a name, for example that on the board's label.", code="no_name")
    if device not in profiles_of(course):
        raise BadInput(
            f"The course knows no device {device[:60]}. Choose one of its device profiles.", code="unknown_device"
        )
    if Runner.objects.filter(course=course, name=name).exclude(status=Duty.REVOKED).exists():
        raise Conflict(f"The course has a runner {name} already. Choose another name.", code="runner_name_taken")
    if item is not None and Runner.objects.filter(item=item).exists():
        raise Conflict(f"{item.tag} carries a runner already.", code="item_has_runner")
    given = {"name": name, "device": device, "tags": tags_read(tags), "team": team, "item": item}
    with added_meanwhile():
        made = Runner.objects.create(course=course, made_by=visit.by, **given)
    if item is not None:
        transaction.on_commit(partial(offer_changed, item.pk))
    return made, code_make(runner=made, by=visit.by)


@contextmanager
def added_meanwhile() -> Iterator[None]:
    """Two people add or rename at one moment: constraints decide, and who comes second reads so. Raises Conflict (`runner_name_taken`)."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        said = "Somebody else gave a runner this name, or put one on this board, at this very moment. Look at the list of runners."
        raise Conflict(said, code="runner_name_taken") from error


def tags_read(tags: Iterable[str]) -> list[str]:
    """Words that labs may ask for, once each. Raises BadInput (`bad_tag`, `too_many_tags`)."""
    found = sorted({tag.strip().lower() for tag in tags if tag.strip()})
    for tag in found:
        if not is_tag(tag):
            raise BadInput(f"“{tag[:40]}” is no tag: letters, digits, hyphens, at most {LONGEST_TAG}.", code="bad_tag")
    if len(found) > MOST_TAGS:
        raise BadInput(f"A runner has at most {MOST_TAGS} tags.", code="too_many_tags")
    return found


@transaction.atomic
def code_make(*, runner: Runner, by: str, now: datetime | None = None) -> str:
    """A code for this runner; one that was made before opens nothing any more. Raises Conflict (`runner_revoked`)."""
    if runner.status == Duty.REVOKED:
        raise Conflict(REVOKED, code="runner_revoked")
    now, code = now or timezone.now(), new_code()
    EnrolCode.objects.filter(runner=runner, used_at=None).update(expires_at=now)
    EnrolCode.objects.create(runner=runner, digest=digest_of(code), made_by=by[:120], expires_at=now + CODE_LIVES)
    return code


@transaction.atomic
def runner_enrol(*, code: str, facts: Any, address: str | None, now: datetime | None = None) -> tuple[Runner, str]:
    """The machine of a runner uses its code. Returns the runner and its token; every earlier token is void.

    The machine that used a code may use it again for ten minutes, until it shows its token: the answer may have been lost on the way.

    Raises:
        NotHere: code `code_unknown`. Conflict: code `code_used`. CodeExpired: code `code_expired`. BadInput: code `no_install_id`.
    """
    now, kept = now or timezone.now(), facts_read(facts)
    if len(kept["install_id"]) != 32:
        raise BadInput(
            "facts.install_id is missing: 32 hexadecimal digits that the agent makes once.", code="no_install_id"
        )
    row = EnrolCode.objects.select_for_update().filter(digest=digest_of(code_typed(str(code)[:40]))).first()
    if row is None:
        raise NotHere(
            "Nobody made this code. Read it again from the page of the runner, or make a new one.", code="code_unknown"
        )
    runner = Runner.objects.select_for_update(of=("self",)).get(pk=row.runner_id)
    if row.used_at is not None:
        was_heard = (
            runner.last_seen_at != runner.enrolled_at
        )  # it has spoken with its token: nobody asks again, a line says it again
        if row.install_id != kept["install_id"] or now > row.used_at + LOST_ANSWER or was_heard:
            raise Conflict("This code was used already. Make a new one on the page of the runner.", code="code_used")
    elif now >= row.expires_at:
        raise CodeExpired(
            "This code is older than half an hour, or a newer one was made. Make another on the page of the runner."
        )
    if runner.status == Duty.REVOKED:
        raise Conflict(REVOKED, code="runner_revoked")
    row.used_at, row.install_id = row.used_at or now, kept["install_id"]
    row.save(update_fields=["used_at", "install_id"])
    RunnerToken.objects.filter(runner=runner, revoked_at=None).update(revoked_at=now)
    runner.enrolled_at, runner.last_seen_at, runner.facts, runner.address = now, now, kept, address
    runner.boot_id = kept["boot_id"]
    health_set(runner, Health.UNKNOWN, by=runner.by, why="enrolled", now=now)
    runner.save()
    return runner, token_make(runner, now)


def token_make(runner: Runner, now: datetime) -> str:
    """A new secret. Of those that it replaces, or that were revoked, the newest are kept, so that their agents hear why."""
    before = RunnerToken.objects.filter(runner=runner).exclude(revoked_at=None, expires_at=None)
    RunnerToken.objects.filter(
        pk__in=list(before.order_by("-made_at").values_list("pk", flat=True)[MOST_TOKENS:])
    ).delete()
    secret = new_token()
    RunnerToken.objects.create(runner=runner, digest=digest_of(secret), prefix=secret[:TOKEN_SHOWN], made_at=now)
    return secret


@transaction.atomic
def token_rotate(*, runner: Runner, now: datetime | None = None) -> str:
    """A new token; those of before still open for ten minutes, so that a lost answer locks nobody out."""
    now = now or timezone.now()
    Runner.objects.select_for_update(of=("self",)).get(pk=runner.pk)
    live = RunnerToken.objects.filter(runner=runner, revoked_at=None, expires_at=None)
    live.update(expires_at=now + OLD_TOKEN_LIVES)
    return token_make(runner, now)


def runner_of_token(secret: str, now: datetime | None = None) -> Runner:
    """Raises NotSignedIn: code `token_unknown` or `token_revoked`."""
    now = now or timezone.now()
    row = (
        RunnerToken.objects.select_related("runner__course", "runner__team", "runner__item")
        .filter(digest=digest_of(secret))
        .first()
        if secret.startswith(TOKEN_START)
        else None
    )
    if row is None:
        raise NotSignedIn("This is no token of a runner here.", code="token_unknown")
    is_over = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)
    if is_over or row.runner.status == Duty.REVOKED:
        raise NotSignedIn(REVOKED, code="token_revoked")
    return row.runner


def health_set(runner: Runner, health: Health, *, by: str, why: str, now: datetime) -> None:
    """Change the health in the row that the caller holds and saves; history has a line where it changed."""
    if runner.health != health:
        HealthMove.objects.create(subject=runner, moved_from=runner.health, moved_to=health, by=by[:120], why=why[:300])
        runner.health_at = now
    runner.health, runner.health_why = health, why[:300]
