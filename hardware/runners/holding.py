"""The lock of one board. Whoever changes what a board holds takes it before the row of any job, so that two never wait for each other."""

from hardware.models import Runner


def runner_locked(runner: Runner) -> Runner:
    """The row as it is now, for the transaction of the caller.

    The end of a job, a poll, a revocation and a cancelled calibration all change the runner's row and that of a job. Where one of them began
    with the job, PostgreSQL would find two that wait for each other, and one of the two people would read that the site failed.
    """
    return Runner.objects.select_for_update(of=("self",)).select_related("course").get(pk=runner.pk)
