"""What notices add to the archive of a course: announcements as they were sent, and surveys added up."""

from collections.abc import Iterable

from courseplatform.courses.access import Visit
from courseplatform.courses.archive_parts import Entry, Text, page_file
from courseplatform.notices.models import Announcement, Survey

ARCHIVED = {
    "announcements.md": "what was announced, the first one first",
    "surveys/": "what was answered in each anonymous survey, added up",
}


def archived(visit: Visit) -> Iterable[Entry]:
    found = Announcement.objects.filter(course=visit.course).order_by("pk")
    if told := [
        f"# {row.title}\n\n{row.made_at:%Y-%m-%d %H:%M} UTC, for {row.get_audience_display()}\n\n{row.text.strip()}\n"
        for row in found
    ]:
        yield Text("announcements.md", "\n".join(told).encode())
    for pk in Survey.objects.filter(course=visit.course).order_by("pk").values_list("pk", flat=True):
        yield from page_file(visit, f"surveys/survey-{pk}.csv", "notices:survey_results_csv", survey=pk)
