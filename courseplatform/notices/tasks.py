"""Doorways for Celery. Each calls one function; running one twice does no harm, losing one costs seconds."""

from celery import shared_task

from courseplatform.notices import sweep
from courseplatform.notices.services.mail import mail_due
from courseplatform.notices.wake import MAIL, wake


@shared_task(name=MAIL, queue="ordinary", ignore_result=True)
def mail() -> int:
    """Mail what is due; where that takes long, the rest waits for the next wake-up, so that the worker stays free for others."""
    done = mail_due()
    if done.has_more:
        wake()
    return done.sent


@shared_task(name="notices.sweep", queue="ordinary", ignore_result=True)
def sweep_all() -> None:
    """Mail first: whatever may be wrong with the rest, it holds up no mail."""
    mail()
    sweep.run()
