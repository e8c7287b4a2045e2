"""What a restore sets right of jobs: who held one at the moment of the backup holds it no more."""

from contextlib import suppress

from courseplatform.keeping.sets.manifest import Manifest
from hardware.leases import Lease, LeaseLost, lease_release
from hardware.models import HELD, Job

WHY = "The site was restored from a backup, so this is measured again."


def jobs_given_back(manifest: Manifest) -> str:
    """All of them, as no fault of anybody's; each keeps its place in line."""
    given = 0
    for job in Job.objects.filter(status__in=HELD).order_by("leased_at"):
        lease = Lease(job_id=job.pk, kind=job.kind, attempt=job.attempt, worker=job.leased_by, priority=job.priority)
        with suppress(LeaseLost):
            lease_release(lease, why=WHY, fault=False)
            given += 1
    return f"{given} runs that were being measured are in line again." if given else ""
