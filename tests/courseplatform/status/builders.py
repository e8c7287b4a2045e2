"""Samples and the shared parts of the status page, for tests."""

from datetime import timedelta

from django.utils import timezone

from courseplatform.status import banner
from courseplatform.status.models import Sample
from courseplatform.status.selectors.now import state
from courseplatform.status.selectors.past import LIVE, past
from courseplatform.status.views import pages


def forget():
    """This process knows nothing of the site any more."""
    state.forget()
    past.forget()
    banner.forget()
    pages._rendered.clear()


def night_kept():
    """A word for a night of which a sample is kept, in whatever zone it is read."""
    noon = (timezone.now() - timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
    rows = [Sample(name=LIVE, at=noon + timedelta(hours=n), value=60.0) for n in range(24)]
    Sample.objects.bulk_create(rows, ignore_conflicts=True)
    return f"{noon:%Y-%m-%d}"
