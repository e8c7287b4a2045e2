"""What deep linking offers and gives back."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from courseplatform.core.errors import BadInput
from courseplatform.courses.models import STAFF, Course, Enrolment
from courseplatform.lti.addresses import check_address
from courseplatform.lti.errors import LaunchRefused, PlatformProblem
from courseplatform.lti.hooks import Offer, offers_of
from courseplatform.lti.models import Identity, Launch
from courseplatform.lti.services.entering import link_of
from courseplatform.lti.services.launches import launch_url, launch_use
from courseplatform.lti.services.links import services_note

ONCE = "Open Milliamp from the navigation of the course once, so that you are known here."
NOT_CONNECTED = "This course of the LMS is not connected with a course here yet. Open Milliamp from its navigation once, and choose the course."


@dataclass(frozen=True)
class Picker:
    """course: None where the LMS's course is not connected, or its instructor is not known here yet; then `says` tells what to do."""

    course: Course | None
    offers: list[Offer]
    is_one: bool = False
    says: str = ""


@dataclass(frozen=True)
class Answer:
    """The form that goes back to the LMS: where to, and the signed message."""

    url: str
    jwt: str
    count: int


def picker_of(launch: Launch) -> Picker:
    link = link_of(launch)
    if link is None:
        return Picker(None, [], says=NOT_CONNECTED)
    known = Identity.objects.filter(platform=launch.platform, sub=launch.sub).values("person")
    if not Enrolment.objects.filter(course=link.course, person__in=known, role__in=STAFF, is_active=True).exists():
        return Picker(None, [], says=f"Only the staff of {link.course.name} place its work. {ONCE}")
    is_one = launch.deep_link.get("accept_multiple") in (False, "false", None)
    return Picker(link.course, offers_of(link.course), is_one)


@transaction.atomic
def picked_answer(*, launch: Launch, keys: Sequence[str]) -> Answer:
    """Raises BadInput (`nothing_picked`, `pick_one`), LaunchRefused (`may_not_pick`, `no_return_address`), LinkOver."""
    from courseplatform.lti.wire.services import picked_jwt

    picker = picker_of(launch)
    if picker.course is None:
        raise LaunchRefused(picker.says, code="may_not_pick")
    chosen = [offer for offer in picker.offers if offer.key in keys]
    if not chosen:
        raise BadInput("Pick at least one.", code="nothing_picked", details={"field": "key"})
    if picker.is_one and len(chosen) > 1:
        raise BadInput("The LMS takes one at a time here.", code="pick_one", details={"field": "key"})
    url = str(launch.deep_link.get("deep_link_return_url") or "")
    try:
        check_address(url, launch.platform.hosts)
    except PlatformProblem as error:  # a signed message may still not send our signature elsewhere
        raise LaunchRefused(error.message, code="no_return_address") from error
    jwt = picked_jwt(launch.platform, launch.deployment.deployment_id, launch.deep_link, chosen, launch_url())
    if link := link_of(launch):
        services_note(link=link, launch=launch)
    launch_use(launch, "finished_at")
    return Answer(url, jwt, len(chosen))
