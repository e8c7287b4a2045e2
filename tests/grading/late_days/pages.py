"""Pages about late days as a person reads them, and a late hand-in of Ruth."""

import re

from grading.services.late_days import late_days_count
from tests.grading.late_days.test_late_days import due_ago
from tests.people import hand_in, onnx_like

OF_TEAM = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}
MIDNIGHT = {"bank": {"days": 3, "owner": "person"}, "penalty": {"each": 2}}
STRICT = {"bank": {"days": 1, "owner": "person"}, "unit": {"kind": "hours"}, "over": {"rule": "refuse"}}


def see(client, person, address):
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", answer.content.decode())  # the spaces that numbers keep stay


def late_days(client, person):
    return see(client, person, "/courses/odml/late-days/")


def lab_page(client, person, lab):
    return see(client, person, lab.get_absolute_url())


def handed_in_late(cast, tmp_path, **ago):
    """Ruth hands in so long after the due time, and the count has run (a test without commits does not wake it)."""
    due_ago(cast.lab, **ago)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    late_days_count(course=cast.course, people={cast.ruth.pk})
    return submission
