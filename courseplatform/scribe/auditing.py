"""What of scribe notes is recorded: texts that are not published, and who writes what."""

from courseplatform.audit.models import Act
from courseplatform.audit.registry import Read, audit


def register() -> None:
    audit.add_reads(
        Read("scribe:review", "Scribe notes under review"),
        Read("scribe:kept", "An earlier text of scribe notes"),
        Read("scribe:csv", "Who writes which scribe notes", Act.EXPORTED),
    )
