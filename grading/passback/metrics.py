"""What passback tells Prometheus: grades that the LMS does not show yet."""

from collections.abc import Iterable

from django.db.models import Count, Min, Q
from django.utils import timezone

from courseplatform.metrics.sources import Family, by_label, value
from grading.models.passback import Passback, PassbackScore, ScoreState


def scores() -> Iterable[Family]:
    now = timezone.now()
    rows = PassbackScore.objects.filter(passback__is_on=True)
    found = rows.aggregate(
        waiting=Count("pk", filter=Q(state=ScoreState.PENDING)),
        failed=Count("pk", filter=Q(state=ScoreState.FAILED)),
        oldest=Min("next_at", filter=Q(state=ScoreState.PENDING, next_at__lte=now)),
    )
    oldest_s = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    numbers = {"waiting": float(found["waiting"]), "failed": float(found["failed"])}
    yield by_label("milliamp_passback_scores", "Grades that the LMS does not show yet.", "state", numbers)
    yield value("milliamp_passback_oldest_due_seconds", "For how long the oldest of those that wait is due.", oldest_s)
    stopped = Passback.objects.filter(is_on=True).exclude(problem="").count()
    yield value("milliamp_passback_stopped", "Assignments of which nothing is sent until somebody has looked.", stopped)
