"""Whoever borrowed something for the term is counted again, so that the verdict of their return is kept too.

Back again: verdicts of returns go, since a verdict must be of a hand-in there.
"""

from django.db import migrations


def forwards(apps, schema_editor):
    course, loan, membership, stale = (
        apps.get_model(*name)
        for name in (("courses", "Course"), ("hardware", "Loan"), ("teams", "Membership"), ("grading", "LateStale"))
    )
    for row in course.objects.only("pk", "facts"):
        if "late_policy" not in row.facts:
            continue
        lent = loan.objects.filter(course=row, is_term=True)
        people = set(lent.exclude(person=None).values_list("person", flat=True))
        people |= set(membership.objects.filter(team__in=lent.values("team")).values_list("person", flat=True))
        stale.objects.bulk_create(stale(course=row, person_id=pk, cause="", actor="") for pk in sorted(people))


def backwards(apps, schema_editor):
    apps.get_model("grading", "LateVerdict").objects.filter(submission=None).delete()


class Migration(migrations.Migration):
    dependencies = [("grading", "0022_verdicts_of_returns")]

    operations = [migrations.RunPython(forwards, backwards)]
