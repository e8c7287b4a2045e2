"""Doorways for Celery's ordinary worker. What a bench worker does stands in bench_tasks.py: this module is imported without numpy."""

from celery import shared_task

from grading.passback.sending import passback_run
from grading.queue.wake import CARRY_ON_RERUNS, COUNT_LATE_DAYS, PASSBACK, RELEASE_NEWS, wake_count, wake_release_news
from grading.services.canvas_files import canvas_files_sweep
from grading.services.late_days import late_days_count_stale, late_days_mark_new
from grading.services.pieces import pieces_sweep
from grading.services.regrade_answers import regrades_close_due
from grading.services.release_news import release_news_send
from grading.services.rerun_applying import reruns_carry_on


@shared_task(name=COUNT_LATE_DAYS, queue="ordinary", ignore_result=True)
def count_late_days() -> int:
    """Count whoever is marked or new; where that takes long, the rest waits for the next wake-up."""
    late_days_mark_new()
    done = late_days_count_stale()
    if done:
        wake_count()
    return done


@shared_task(name="grading.close_regrades", queue="ordinary", ignore_result=True)
def close_regrades() -> int:
    """Close the regrade requests whose answer nobody can object to any more."""
    return regrades_close_due()


@shared_task(name="grading.sweep_pieces", queue="ordinary", ignore_result=True)
def sweep_pieces() -> int:
    """Delete parts that were taken from a desk a week ago and never handed in."""
    return pieces_sweep()


@shared_task(name=CARRY_ON_RERUNS, queue="ordinary", ignore_result=True)
def carry_on_reruns() -> int:
    """Apply what an instructor decided, step by step, from where a killed worker left it."""
    return reruns_carry_on()


@shared_task(name="grading.sweep_canvas_files", queue="ordinary", ignore_result=True)
def sweep_canvas_files() -> int:
    """Delete Canvas's files that were uploaded a week ago: they hold the grades of a class."""
    return canvas_files_sweep()


@shared_task(name=PASSBACK, queue="ordinary", ignore_result=True)
def passback() -> int:
    """Send released grades that changed to the LMS."""
    return passback_run()


@shared_task(name=RELEASE_NEWS, queue="ordinary", ignore_result=True)
def release_news() -> int:
    """Tell everybody to whom grades were released; where that takes long, the rest waits for the next wake-up."""
    told, has_more = release_news_send()
    if has_more:
        wake_release_news()
    return told
