from celery import shared_task

from courseplatform.keeping.retention.sweep import retention_sweep
from courseplatform.keeping.term.archive_jobs import archives_sweep
from courseplatform.keeping.term.planning import deletions_sweep
from courseplatform.keeping.watching import backups_watch


@shared_task(name="keeping.watch", queue="ordinary", ignore_result=True)
def watch() -> bool:
    """Tell operators when backups are not made."""
    return backups_watch()


@shared_task(name="keeping.archives", queue="ordinary", ignore_result=True)
def archives() -> int:
    """Make archives of courses that somebody asked for."""
    return archives_sweep()


@shared_task(name="keeping.deletions", queue="ordinary", ignore_result=True)
def deletions() -> int:
    """Delete courses whose week is over."""
    return deletions_sweep()


@shared_task(name="keeping.retention", queue="ordinary", ignore_result=True)
def retention() -> int:
    """Announce and delete what courses keep no longer."""
    return retention_sweep()
