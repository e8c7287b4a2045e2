"""Waking the ordinary worker to mail."""

from courseplatform.core.wake import post

MAIL = "notices.mail"


def wake() -> None:
    post(MAIL, "ordinary")
