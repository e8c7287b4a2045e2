"""What time it is for what several machines must agree on: leases, who lives, when something was handed in.

The clocks of machines differ, and a clock may be set while a process runs. PostgreSQL is one machine, and all ask it. SQLite lies on the one
machine there is, so its own clock is that.
"""

from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone


def shared_now() -> datetime:
    """Aware, in UTC. Within a transaction too it goes on."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found.astimezone(UTC)
