"""The schemes of the real course files, as the gradebook reads them."""

from decimal import Decimal

import pytest
from django.conf import settings

from courseplatform.courses.course_file.service import course_import, plan_import
from grading.book.scheme import scheme_of
from grading.gradebook import Curve, Letter
from grading.models import Assignment

pytestmark = pytest.mark.django_db
D = Decimal


def imported(name):
    return course_import(plan=plan_import((settings.BASE_DIR / "courses" / name).read_bytes()))[0]


def told(scheme):
    return [(part.key, part.percent, part.count, part.cap, part.is_bonus, part.work, part.sources) for part in scheme.components]  # fmt: skip


def test_cmu_11_767_of_fall_2021():
    reports = tuple(f"report{n}" for n in range(1, 11))
    assert told(scheme_of(imported("cmu-11-767-f21.yaml"))) == [
        ("participation", 15, 0, 15, False, (), ("participation",)),
        ("paper-presentations", 15, 0, None, False, (), ("presentations",)),
        ("lab-reports", 50, 10, None, False, reports, ()),
        ("final-report", 20, 0, None, False, ("final-report",), ()),
    ]


def test_mit_6_s965_with_its_rule_of_passing_and_lab_0_outside():
    course = imported("mit-6-s965-f22.yaml")
    scheme = scheme_of(course)
    assert told(scheme) == [
        ("scribe", 5, 0, None, False, (), ("scribe",)),
        ("labs", 60, 4, None, False, ("lab1", "lab2", "lab3", "lab4"), ()),
        ("paper", 10, 0, None, False, (), ("presentations",)),
        ("project", 25, 0, None, False, ("project-report",), ()),
        ("bonus", 4, 0, 4, True, (), ("participation",)),
    ]
    assert (scheme.conditions[0].turned_in, scheme.conditions[0].of) == (3, ("lab1", "lab2", "lab3", "lab4"))
    labs = Assignment.objects.of(course).filter(kind="lab").order_by("slug")
    assert [(lab.slug, lab.is_counted, lab.worth_percent) for lab in labs] == [
        ("lab0", False, None), ("lab1", True, 15), ("lab2", True, 15), ("lab3", True, 15), ("lab4", True, 15),
    ]  # fmt: skip


def test_a_course_without_a_scheme_has_an_empty_one(cast):
    assert scheme_of(cast.course).components == ()


def test_curve_and_letters_are_read(cast):
    cast.course.facts = {
        "grading": {
            "components": [{"title": "Labs & more", "percent": 100}],
            "curve": [{"add": 2, "why": "a hard term"}, {"times": 1.05, "most": 98}, {"root": True}],
            "letters": [{"letter": "A", "from": 90}], "letters_shown": False,
        }
    }  # fmt: skip
    scheme = scheme_of(cast.course)
    assert scheme.components[0].key == "labs-more"
    assert scheme.curve == (
        Curve("add", D(2), D(100), "a hard term"), Curve("times", D("1.05"), D(98)), Curve("root"),
    )  # fmt: skip
    assert (scheme.letters, scheme.are_letters_shown) == ((Letter("A", D(90)),), False)
