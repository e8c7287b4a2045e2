"""Asking a platform: to its own hosts alone, with a limit of time and size, and never redirected elsewhere with our tokens."""

import time
from typing import Any

import requests

from courseplatform.lti.addresses import check_address
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.models import Platform

CONNECT_S, READ_S, WHOLE_S = 5, 10, 20  # together less than what a worker may be silent for
MOST_BYTES = 4 << 20


class PlatformSession(requests.Session):  # type: ignore[misc]
    """A session of requests for one platform. Raises PlatformProblem where there is no answer that can be used."""

    def __init__(self, platform: Platform) -> None:
        super().__init__()
        self.hosts = platform.hosts
        self.headers["User-Agent"] = "Milliamp"

    def request(self, method: str, url: str, **more: Any) -> Any:
        check_address(url, self.hosts)
        more |= {"timeout": (CONNECT_S, READ_S), "allow_redirects": False, "stream": True}
        end = time.monotonic() + WHOLE_S
        try:
            answer = super().request(method, url, **more)
            answer._content = _body(answer, end)  # read here within the limits, for whoever asks for it later
        except requests.RequestException as error:
            raise PlatformProblem(
                f"The LMS does not answer ({type(error).__name__}).", code="lms_does_not_answer"
            ) from error
        if answer.is_redirect:
            raise PlatformProblem(
                "The LMS answered with another address instead of an answer.",
                code="lms_redirects",
                status=answer.status_code,
            )
        return answer


def _body(answer: Any, end: float) -> bytes:
    found = bytearray()
    for part in answer.iter_content(1 << 16):
        found += part
        if len(found) > MOST_BYTES or time.monotonic() > end:
            answer.close()
            raise PlatformProblem("The LMS sends more than can be read.", code="lms_answer_too_long")
    return bytes(found)
