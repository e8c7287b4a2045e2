"""Deleting a course on a real database: two at once, and keys that are checked at each commit."""

import pytest
from django.core.cache import cache

from courseplatform.audit.models import AuditRow
from courseplatform.core.models import LeavingFile
from courseplatform.courses.belongings import course_tables
from courseplatform.courses.models import Course
from courseplatform.keeping.term.deleting import course_delete, deletion_begin
from tests.courseplatform.keeping.term.test_deleting import made_ready
from tests.courseplatform.teams.test_races import at_once
from tests.courseplatform.test_access import values_of
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


def test_two_at_once_delete_everything_once(settings, tmp_path):
    cache.clear()
    for name, folder in (
        ("DATA_DIR", ""),
        ("MEDIA_ROOT", "media"),
        ("INCOMING_DIR", "incoming"),
        ("UPLOADS_DIR", "uploads"),
    ):
        setattr(settings, name, tmp_path / folder)
    cast = make_cast()
    values_of(cast, tmp_path)
    made_ready(cast.course)
    Course.objects.filter(pk=cast.other_course.pk).delete()
    deletion_begin(course=cast.course, by="test")
    gone = at_once(*[lambda: course_delete(course=cast.course)] * 3)
    assert all(one.is_over for one in gone)
    left = {model._meta.label: count for model in course_tables() if (count := model._base_manager.count())}
    assert left == {"audit.AuditRow": 2, "grading.HiddenSet": 1}  # the set is the site's
    assert AuditRow.objects.filter(what__startswith="Deleted the course odml").count() == 1
    names = list(LeavingFile.objects.values_list("place", "name"))
    assert len(names) == len(set(names)) >= 4
