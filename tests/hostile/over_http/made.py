"""The course that bad files are sent to, made by the site's own code: `python -m tests.hostile.over_http.made STUDENTS`.

Prints one line of JSON: the cookies of the people, and what stands in addresses. Nobody types passwords here: that is shown elsewhere.
"""

import json
import os
import sys
from typing import Any

LARGEST = 32 << 20
REPORT = {"key": "report", "kind": "pdf", "title": "Report", "pages": 4, "max_mb": 20}
TABLE = {"key": "numbers", "kind": "table", "title": "Results table", "columns": ["Model", "Bits"]}


def main(students: int) -> dict[str, Any]:
    from courseplatform.accounts.models import User
    from courseplatform.courses.models import Enrolment, Role
    from tests.courseplatform.scribe.builders import duty_of
    from tests.courseplatform.teams.builders import make_team
    from tests.grading.energy.builders import with_stages
    from tests.grading.pipelines.stages import TWO
    from tests.hardware.inventory.builders import product_of
    from tests.people import SPEC, make_cast, make_lab

    cast = make_cast()
    formats = ["onnx", "tflite", "torchscript", "torch_export"]
    make_lab(cast.course, "models", bench_spec=SPEC | {"max_bytes": LARGEST, "formats": formats}, attempts_allowed=1000)
    make_lab(cast.course, "stages", bench_spec=TWO | {"max_bytes": LARGEST}, attempts_allowed=1000)
    make_lab(cast.course, "report", bench_spec={}, kind="report", parts=[REPORT, TABLE])
    with_stages(cast.course)
    make_team(cast, "Magpie", cast.ruth)
    more = User.objects.bulk_create(User(email=f"sender{n}@example.edu", name=f"Sender {n}") for n in range(students))
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=one, role=Role.STUDENT) for one in more)
    named = {name: _cookie(getattr(cast, name)) for name in ("helen", "amit", "ruth", "olu")}
    return {
        "people": named, "senders": [_cookie(one) for one in more], "duty": duty_of(cast).pk, "product": product_of(cast).pk,
    }  # fmt: skip


def _cookie(person: Any) -> str:
    from django.test import Client

    browser = Client()
    browser.force_login(person)
    return str(browser.cookies["sessionid"].value)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
    import django

    django.setup()
    print(json.dumps(main(int(sys.argv[1]))))
