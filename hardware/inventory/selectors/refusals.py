"""What would be refused now, and why: pages say it in the words of the services, in place of the button."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from courseplatform.core.errors import AppError


@dataclass(frozen=True)
class Act:
    """A button of a page. to: what it sends. why: the sentence with which a service would refuse it now; "" where it would not."""

    to: str
    label: str
    why: str = ""


@dataclass(frozen=True)
class Refused:
    """What is not offered for one and the same reason."""

    labels: str
    why: str


def why_not(check: Callable[..., object], *about: object) -> str:
    """The sentence with which a check of the services refuses; "" where it lets pass."""
    try:
        check(*about)
    except AppError as error:
        return error.message
    return ""


def offered(acts: Sequence[Act]) -> list[Act]:
    return [act for act in acts if not act.why]


def refused(acts: Sequence[Act]) -> list[Refused]:
    reasons = dict.fromkeys(act.why for act in acts if act.why)
    return [Refused(", ".join(act.label for act in acts if act.why == why), why) for why in reasons]
