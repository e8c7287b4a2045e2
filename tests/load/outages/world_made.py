"""The course of a faulted night, made by the site's own code: `python -m tests.load.outages.world_made STUDENTS ATTEMPTS DUE_IN_S`.

Prints one line of JSON: for each student the cookie of a session. Nobody types passwords here: sixty sign-ins a minute are more than the
site takes from one address, and signing in is shown elsewhere.
"""

import json
import os
import sys
from datetime import timedelta
from hashlib import sha256

SLUG, LAB = "odml", "lab1"


def hidden_set_to_store() -> None:
    """That of tests/people.py lies on this disk, without its hashes; where there is a store, the bench worker knows only that."""
    from django.conf import settings

    from grading.hidden_sets.kept import hidden_folder, hidden_move_to_store
    from grading.models import HiddenSet

    if settings.S3:
        hidden_move_to_store()
        names = {kind: f"test-{kind}.npy" for kind in ("inputs", "labels")}
        hashes = {
            f"{kind}_sha256": sha256((hidden_folder() / name).read_bytes()).hexdigest() for kind, name in names.items()
        }
        HiddenSet.objects.filter(slug="test").update(**hashes)


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from courseplatform.courses.models import Enrolment, Role
    from tests.load.outages.models import SPEC
    from tests.people import make_course, make_lab, make_people

    students, attempts, due_in_s = (int(word) for word in sys.argv[1:4])
    course, due = make_course(SLUG), timezone.now() + timedelta(seconds=due_in_s)
    make_lab(course, LAB, bench_spec=SPEC, attempts_allowed=attempts, due_at=due)
    hidden_set_to_store()
    keys = []
    for person in make_people(*(f"Student{n}" for n in range(students))).values():
        Enrolment.objects.create(course=course, person=person, role=Role.STUDENT)
        browser = Client()
        browser.force_login(person)
        keys.append(browser.cookies[settings.SESSION_COOKIE_NAME].value)
    print(json.dumps(keys))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
    main()
