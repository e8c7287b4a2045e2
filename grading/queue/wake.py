"""Waking the workers of grading: there is a run to measure, there are late days to count, or a re-run goes on."""

from courseplatform.core.wake import post

RUN_KIND, VARIANT_KIND, RERUN_KIND, COUNT_KIND, ASK_KIND = "run", "variant", "rerun", "count", "board_ask"
# What a bench worker takes. In which order: hardware/line.py.
BENCH_KINDS = (RUN_KIND, ASK_KIND, VARIANT_KIND, RERUN_KIND, COUNT_KIND)
RUN_NEXT = "grading.run_next"
BENCH_QUEUE = "bench"
COUNT_LATE_DAYS = "grading.count_late_days"
CARRY_ON_RERUNS = "grading.carry_on_reruns"
REFIT = "grading.refit"
PASSBACK = "grading.passback"
RELEASE_NEWS = "grading.release_news"


def wake() -> None:
    """There is a run, or a variant, to measure, or instructions to count."""
    post(RUN_NEXT, BENCH_QUEUE)


def wake_count() -> None:
    """There are late days to count."""
    post(COUNT_LATE_DAYS, "ordinary")


def wake_reruns() -> None:
    """There is a re-run to be applied, or one whose last model has been measured."""
    post(CARRY_ON_RERUNS, "ordinary")


def wake_refits() -> None:
    """A board has been calibrated: there is something to fit."""
    post(REFIT, BENCH_QUEUE)


def wake_passback() -> None:
    """There are grades for the LMS."""
    post(PASSBACK, "ordinary")


def wake_release_news() -> None:
    """Grades were released: there are people to be told."""
    post(RELEASE_NEWS, "ordinary")
