"""The services of a platform, asked by the library: its list of names, its gradebook; and what deep linking gives back."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests
from django.utils import timezone
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiException, LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from pylti1p3.names_roles import NamesRolesProvisioningService
from pylti1p3.service_connector import ServiceConnector

from courseplatform.lti.claims import can_keep
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.hooks import Offer
from courseplatform.lti.models import CourseLink, Platform
from courseplatform.lti.scopes import CANVAS_SUBMISSION
from courseplatform.lti.wire.http import PlatformSession
from courseplatform.lti.wire.tool import registration_of

T = TypeVar("T")
MOST_PAGES, PAGES_WITHIN_S = 200, 60  # of one list, whatever it names as its next page
MOST_ADDRESS = 1000
ODD_ANSWERS = (ValueError, TypeError, KeyError, AttributeError, AssertionError, OverflowError, RecursionError)
_tokens: dict[tuple[int, str], tuple[str, float]] = {}  # of this process alone: platform and scopes -> token, end


class Connector(ServiceConnector):  # type: ignore[misc]
    """The library's, with the tokens of a platform kept in this process until shortly before they end."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(registration_of(platform, signs=True), PlatformSession(platform))
        self.platform = platform

    def _get_cached_access_token(self, scope_key: str) -> str | None:
        token, end = _tokens.get((self.platform.pk, scope_key), ("", 0.0))
        return token if end > time.monotonic() else None

    def get_paginated_data(self, scopes: Any, url: Any, *args: Any, **more: Any) -> Iterator[Any]:
        """The library's asks for as long as a next page is named."""
        end = time.monotonic() + PAGES_WITHIN_S
        for _ in range(MOST_PAGES):
            if not url:
                return
            if time.monotonic() > end:
                break
            answer = self.make_service_request(scopes, url, *args, **more)
            yield answer
            url = answer["next_page_url"]
        raise _endless()

    def _cache_access_token(self, scope_key: str, access_token: str, expires_in: float) -> None:
        _tokens[self.platform.pk, scope_key] = (access_token, time.monotonic() + max(float(expires_in) - 60, 0))

    def forget_tokens(self) -> None:
        for key in [key for key in _tokens if key[0] == self.platform.pk]:
            del _tokens[key]


def _endless() -> PlatformProblem:
    said = "The LMS names ever more pages of a list, or takes too long for them."
    return PlatformProblem(said, code="lms_answer_too_long", is_passing=False)


def asked(connector: Connector, ask: Callable[[], T]) -> T:
    """`ask`, and once more with a new token where the LMS says that the one we had is none. Raises PlatformProblem."""
    try:
        try:
            return ask()
        except LtiServiceException as error:
            if error.response.status_code != requests.codes.unauthorized:
                raise
            connector.forget_tokens()
            return ask()
    except LtiServiceException as error:
        raise problem_of(error.response, connector.platform) from error
    except (LtiException, *ODD_ANSWERS) as error:
        code = "scope_missing" if "scope" in str(error) else "lms_answer_unreadable"
        said = (
            "The LMS does not let us do this: a scope is missing."
            if code == "scope_missing"
            else "The answer of the LMS cannot be read."
        )
        raise PlatformProblem(said, code=code, is_passing=code != "scope_missing") from error


SAID = {
    400: ("lms_refused", "The LMS refused what was sent.", False),
    401: (
        "lms_not_authorised",
        "The LMS does not accept our key. Check the client id and the address of our keys there.",
        False,
    ),
    403: (
        "lms_forbidden",
        "The LMS does not let us do this: the scope is missing, or the person is not in the course there.",
        False,
    ),
    404: ("lms_gone", "This is no longer there in the LMS.", False),
    409: ("lms_newer", "The LMS has a score of the same time or a newer one.", False),
    422: ("lms_refused", "The LMS refused what was sent.", False),
    429: ("lms_too_many", "The LMS asked us to be slower.", True),
}


def problem_of(answer: Any, platform: Platform) -> PlatformProblem:
    """What an answer that is no success means. What it says in words is not repeated: it may hold anything."""
    usual = ("lms_does_not_answer", f"The LMS is in trouble (it answered {answer.status_code}).", True)
    code, said, is_passing = SAID.get(answer.status_code, usual)
    if not is_passing and str(answer.url).startswith(platform.auth_token_url):
        code, said = (
            "lms_no_token",
            "The LMS gives us no token: a scope is not allowed there, or it does not know our key.",
        )
    return PlatformProblem(
        said, code=code, status=answer.status_code, is_passing=is_passing,
        retry_after_s=_retry_after(answer.headers.get("Retry-After", "")),
    )  # fmt: skip


def _retry_after(text: str) -> int:
    """Seconds, or a date. At most a day; nonsense is nothing."""
    try:
        found = int(text) if text.isdecimal() else int((parsedate_to_datetime(text) - timezone.now()).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0
    return min(max(found, 0), 86400)


def members_of(link: CourseLink) -> Iterator[dict[str, Any]]:
    """Everybody on the list of the LMS's course, page by page. Raises PlatformProblem."""
    connector = Connector(link.platform)
    names = NamesRolesProvisioningService(connector, {"context_memberships_url": link.nrps_url})
    url: str | None = link.nrps_url
    end = time.monotonic() + PAGES_WITHIN_S
    for _ in range(MOST_PAGES):
        if not url:
            return
        if time.monotonic() > end:
            break
        at = url
        members, url = asked(connector, lambda at=at: names.get_members_page(at))  # type: ignore[misc]
        if not isinstance(members, list):
            raise PlatformProblem("The list of the LMS cannot be read.", code="lms_answer_unreadable")
        yield from (member for member in members if isinstance(member, dict))
    raise _endless()


@dataclass(frozen=True)
class Score:
    """One score as it is sent. at: its time, which never goes back; submitted_at: when the work was handed in."""

    sub: str
    given: Decimal
    maximum: Decimal
    at: datetime
    submitted_at: datetime | None = None
    comment: str = ""


class Gradebook:
    """The gradebook of one course in the LMS. Every method raises PlatformProblem."""

    def __init__(self, link: CourseLink) -> None:
        self.connector = Connector(link.platform)
        self.is_canvas = link.platform.is_canvas
        self.ags = AssignmentsGradesService(self.connector, {"scope": link.scopes, "lineitems": link.lineitems_url})

    def column(self, *, key: str, label: str, maximum: Decimal) -> str:
        """The address of the column with our key, which is made where there is none."""
        item = LineItem({"label": label[:200], "scoreMaximum": float(maximum), "resourceId": key, "tag": "milliamp"})
        found = asked(self.connector, lambda: self.ags.find_or_create_lineitem(item, find_by="resource_id"))
        url = found.get_id()
        if not isinstance(url, str) or not 0 < len(url) <= MOST_ADDRESS or not can_keep(url):
            raise PlatformProblem("The LMS made a column and did not say where.", code="lms_answer_unreadable")
        return url

    def send(self, url: str, score: Score) -> None:
        grade = Grade()
        grade.set_user_id(score.sub).set_score_given(float(score.given)).set_score_maximum(float(score.maximum))
        grade.set_activity_progress("Completed").set_grading_progress("FullyGraded").set_timestamp(_stamp(score.at))
        if score.comment:
            grade.set_comment(score.comment)
        if score.submitted_at:
            grade.set_submitted_at(_stamp(score.submitted_at))
            if (
                self.is_canvas
            ):  # it reads its own claim: without it, the time of sending would count as that of the hand-in
                grade.set_extra_claims({CANVAS_SUBMISSION: {"submitted_at": _stamp(score.submitted_at)}})
        item = LineItem({"id": url})
        asked(self.connector, lambda: self.ags.put_grade(grade, item))

    def results(self, url: str) -> list[dict[str, Any]]:
        """What the LMS shows in that column: userId, resultScore, resultMaximum."""
        return asked(self.connector, lambda: list(self.ags.get_grades(LineItem({"id": url}))))


def _stamp(at: datetime) -> str:
    """2026-11-27T21:04:59.123Z: in UTC, with milliseconds, as platforms compare them."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def picked_jwt(
    platform: Platform, deployment_id: str, wishes: dict[str, Any], offers: Sequence[Offer], launch_url: str
) -> str:
    """The signed answer of deep linking: a link for each of what was picked, with its column of grades."""
    items = [_item(offer, launch_url) for offer in offers]
    found: str = DeepLink(registration_of(platform, signs=True), deployment_id, wishes).get_response_jwt(items)
    return found


def _item(offer: Offer, launch_url: str) -> Any:
    found = DeepLinkResource().set_title(offer.title).set_url(launch_url).set_custom_params({"milliamp_key": offer.key})
    if offer.maximum:
        column = LineItem(
            {"label": offer.title, "scoreMaximum": float(offer.maximum), "resourceId": offer.key, "tag": "milliamp"}
        )
        found.set_lineitem(column)
    return found
