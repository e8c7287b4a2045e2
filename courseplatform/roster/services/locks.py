from courseplatform.courses.models import Course


def course_lock(course: Course) -> None:
    """Inside a transaction: changes of a course's people happen one after the other, so that there is always a last instructor.

    SQLite has one writer at a time anyway.
    """
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)
