"""Doorways for Celery. Each calls one function; running one twice does no harm."""

from celery import shared_task

from courseplatform.roster.services import invitations


@shared_task(name="roster.mail_invitations", queue="ordinary", ignore_result=True)
def mail_invitations(ids: list[int]) -> int:
    return invitations.invitations_mail(ids)


@shared_task(name="roster.sweep", queue="ordinary", ignore_result=True)
def sweep() -> dict[str, int]:
    return invitations.invitations_sweep()
