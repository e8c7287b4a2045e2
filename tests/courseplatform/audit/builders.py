"""Looks and views of the cast."""

from courseplatform.audit.models import AuditRow

VIEW, STOP = "/courses/odml/view-as/", "/courses/odml/view-as/stop/"


def enrolment_of(cast, person, course=None):
    return (course or cast.course).enrolments.get(person=person)


def begin_view(client, cast, staff, student=None):
    """Sign in as `staff`, and view the course as `student` (None: any)."""
    client.force_login(staff)
    chosen = "any" if student is None else enrolment_of(cast, student).pk
    return client.post(VIEW, {"student": chosen})


def lines():
    """(actor's name, act, what, whose) of all rows, oldest first."""
    rows = AuditRow.objects.order_by("pk").select_related("about", "actor_person")
    return [(row.actor_person.name, row.act, row.what, row.about.name if row.about else "") for row in rows]
