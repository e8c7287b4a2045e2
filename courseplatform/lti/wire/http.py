"""Asking a platform: to its own hosts alone, with a limit of time and size, and never redirected elsewhere with our tokens."""

from typing import Any

from courseplatform.core.outside import GuardedSession, NoAnswer
from courseplatform.lti.addresses import check_address
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.models import Platform

WHOLE_S = 20.0
MOST_BYTES = 4 << 20


class PlatformSession(GuardedSession):
    """A session of requests for one platform. Raises PlatformProblem where there is no answer that can be used."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(whole_s=WHOLE_S, most_bytes=MOST_BYTES)
        self.hosts = platform.hosts

    def request(self, method: str, url: str, **more: Any) -> Any:
        check_address(url, self.hosts)
        try:
            return super().request(method, url, **more)
        except NoAnswer as none:
            raise _problem(none) from none


def _problem(none: NoAnswer) -> PlatformProblem:
    if none.why == "redirects":
        said = "The LMS answered with another address instead of an answer."
        return PlatformProblem(said, code="lms_redirects", status=none.status)
    if none.why == "too_long":
        return PlatformProblem("The LMS sends more than can be read, or too slowly.", code="lms_answer_too_long")
    return PlatformProblem(f"The LMS does not answer ({none}).", code="lms_does_not_answer")
