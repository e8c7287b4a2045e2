"""What in grading refers to a device of a course: labs that name it, and results that hold it."""

from courseplatform.courses.models import Course
from grading.models.assignments import Assignment
from grading.models.runs import Result


def device_use(course: Course, slug: str) -> str:
    """In words, for a sentence; "" where nothing does."""
    specs = Assignment.objects.filter(course=course).exclude(bench_spec={}).values_list("short", "bench_spec")
    labs = [short for short, spec in specs if slug in (spec.get("device"), *spec.get("devices", []))]
    if labs:
        return f"{', '.join(labs)} {'names' if len(labs) == 1 else 'name'} it"
    results = Result.objects.filter(run__submission__assignment__course=course, environment__devices__has_key=slug)
    return "results hold what was counted on it" if results.exists() else ""
