"""courses/mit-6-s965-f22.yaml against the facts of its public site and first slides, which stand here a second time as literals."""

from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from courseplatform.courses.course_file.checking import checked
from courseplatform.courses.course_file.reading import read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import export_text, tree_of
from courseplatform.courses.course_file.writing import canonical
from courseplatform.courses.models import Course
from courseplatform.seminar.course_file import papers_dump
from grading.models.assignments import Assignment

SLUG = "mit-6-s965-f22"
FILE = Path(settings.BASE_DIR) / "courses" / f"{SLUG}.yaml"
SESSIONS = [
    ("2022-09-08", 1, "Introduction"),
    ("2022-09-13", 2, "Basics of Deep Learning"),
    ("2022-09-15", 3, "Pruning and Sparsity (Part I)"),
    ("2022-09-20", 4, "Pruning and Sparsity (Part II)"),
    ("2022-09-22", 5, "Quantization (Part I)"),
    ("2022-09-27", 6, "Quantization (Part II)"),
    ("2022-09-29", 7, "Neural Architecture Search (Part I)"),
    ("2022-10-04", 8, "Neural Architecture Search (Part II)"),
    ("2022-10-06", 9, "Neural Architecture Search (Part III)"),
    ("2022-10-11", None, "Student Holiday - No Class"),
    ("2022-10-13", 10, "Knowledge Distillation"),
    ("2022-10-18", 11, "MCUNet - Tiny Neural Network Design for Microcontrollers"),
    ("2022-10-20", 12, "Paper Reading Presentation"),
    ("2022-10-25", 13, "Distributed Training and Gradient Compression (Part I)"),
    ("2022-10-27", 14, "Distributed Training and Gradient Compression (Part II)"),
    ("2022-11-01", 15, "On-Device Training and Transfer Learning (Part I)"),
    ("2022-11-03", 16, "On-Device Training and Transfer Learning (Part II)"),
    ("2022-11-08", 17, "TinyEngine - Efficient Training and Inference on Microcontrollers"),
    ("2022-11-10", 18, "Efficient Point Cloud Recognition"),
    ("2022-11-15", 19, "Efficient Video Understanding and GANs"),
    ("2022-11-17", 20, "Efficient Transformers"),
    ("2022-11-22", 21, "Basics of Quantum Computing"),
    ("2022-11-24", None, "Thanksgiving — No Class"),
    ("2022-11-29", 22, "Quantum Machine Learning"),
    ("2022-12-01", 23, "Noise Robust Quantum ML"),
    ("2022-12-06", 24, "Final Project Presentation"),
    ("2022-12-08", 25, "Final Project Presentation"),
    ("2022-12-13", 26, "Course Summary & Guest Lecture"),
]
ITEMS = [
    ("2022-10-06", "milestone", "Papers will be assigned by Oct 6"),
    ("2022-10-06", "release", "List of projects released"),
    ("2022-10-25", "due", "Submit project selection (or proposal)"),
]
WORK = [
    ("Lab 0", "Getting Started", "2022-09-15 23:59", None, False),
    ("Lab 1", "Pruning", "2022-10-04 23:59", 15, True),
    ("Lab 2", "Quantization", "2022-10-18 23:59", 15, True),
    ("Lab 3", "Neural Architecture Search", "2022-11-01 23:59", 15, True),
    ("Lab 4", "Deploy TinyML Models on Microcontrollers", "2022-11-17 23:59", 15, True),
    ("Project Report", "Final Project", "2022-12-13 23:59", None, True),
]
POLICY = {
    "bank": {"days": 6, "owner": "person"},
    "unit": {"kind": "calendar_day", "boundary": "00:00", "due_day": "free"},
    "edge": "late",
    "minute": "instant",
    "grace": {"minutes": 0, "at": "first"},
    "weekend": "counts",
    "cap": 6,
    "spend": "automatic",
    "order": "submit_time",
    "over": {"rule": "penalty"},
    "penalty": {"kind": "percent_of_earned", "steps": [50, 100], "each": 0, "most": 100, "used_unit_costs": 0},
    "team": "each",
    "attempt": "active",
    "pass": {"turned_in": 3, "of": ["lab1", "lab2", "lab3", "lab4"]},
}
PAPERS = [
    ("Model Compression and Hardware Acceleration for Neural Networks: A Comprehensive Survey", "Deng et al.", "IEEE", 2020),
    ("Once-for-All: Train One Network and Specialize it for Efficient Deployment", "Cai et al.", "ICLR", 2020),
    ("Lite Pose: Efficient Architecture Design for 2D Human Pose Estimation", "Wang et al.", "CVPR", 2022),
    ("Recognizing People in Photos Through Private On-Device Machine Learning", "Apple", None, 2021),
    ("MCUNet: Tiny Deep Learning on IoT Devices", "Lin et al.", "NeurIPS", 2020),
    ("Anycost GANs for Interactive Image Synthesis and Editing", "Lin et al.", "CVPR", 2021),
    ("Lite Transformer with Long-Short Range Attention", "Wu et al.", "ICLR", 2020),
    ("Efficient and Robust LiDAR-Based End-to-End Navigation", "Liu et al.", "ICRA", 2021),
    ("BEVFusion: Multi-Task Multi-Sensor Fusion with Unified Bird's-Eye View Representation", "Liu et al.", "Arxiv", 2022),
    ("GPUs, Machine Learning, and EDA", "Bill Dally", None, None),
    ("Gradient-Based Learning Applied to Document Recognition", "LeCun et al.", "the IEEE", 1998),
    ("ImageNet Classification with Deep Convolutional Neural Networks", "Krizhevsky et al.", "NeurIPS", 2012),
    ("Very Deep Convolutional Networks for Large-Scale Image Recognition", "Simonyan et al.", "ICLR", 2015),
    ("Deep Residual Learning for Image Recognition", "He et al.", "CVPR", 2016),
    ("Attention is All You Need", "Vaswani et al.", "NeurIPS", 2017),
]  # fmt: skip
CLASSES = [
    ("Computation Structures", [("6.1910", "6.004")]),
    ("Introduction to Machine Learning", [("6.3900", "6.036")]),
    ("Advances in Computer Vision", [("6.8300", "6.869"), ("6.8301", "6.819")]),
    ("Machine Learning", [("6.7900", "6.867")]),
    ("Hardware Architecture for Deep Learning", [("6.5930", "6.825"), ("6.5931", "6.812")]),
]


@pytest.fixture
def course(db):
    call_command("import_course", str(FILE))
    return Course.objects.get(slug=SLUG)


def test_every_session_stands_on_its_day_with_its_number_and_title(course):
    rows = course.sessions.order_by("position")
    assert [(f"{row.held_on}", row.number, row.title) for row in rows] == SESSIONS


def test_every_session_is_on_a_tuesday_or_thursday_and_at_the_hour_of_the_class(course):
    assert {row.held_on.weekday() for row in course.sessions.all()} == {1, 3}
    held = course.sessions.filter(is_class=True)
    assert {(f"{row.starts_at:%H:%M}", f"{row.ends_at:%H:%M}", row.place) for row in held} == {
        ("15:30", "17:00", "36-153")
    }


def test_a_lecture_has_slides_and_both_videos_and_a_day_without_class_has_none(course):
    for row in course.sessions.all():
        links = [(link["label"], link["kind"]) for link in row.details.get("links", [])][:3]
        assert links == ([("Slides", "slides"), ("Video", "video"), ("Video (Live)", "live")] if row.is_class else [])
        assert (row.number is not None) == row.is_class


def test_dated_lines_that_are_no_hand_in_stand_on_their_days(course):
    rows = [(f"{row.held_on}", item) for row in course.sessions.order_by("position") for item in row.items.all()]
    assert [(day, item.kind, item.label) for day, item in rows] == ITEMS


def test_labs_and_the_report_are_due_at_the_hour_that_the_slides_name(course):
    rows = Assignment.objects.filter(course=course).order_by("position")
    found = [(row.short, row.title, row.due_wall, row.worth_percent, row.is_counted) for row in rows]
    assert found == WORK
    assert [row.is_individual for row in rows] == [True] * 5 + [False]
    assert [row.listed_under for row in rows] == [date.fromisoformat(due[:10]) for _, _, due, _, _ in WORK]


def test_the_weights_are_those_of_the_page_and_the_bonus_stays_above_them(course):
    parts = course.facts["grading"]["components"]
    assert [(part["title"], part["percent"], part.get("bonus", False)) for part in parts] == [
        ("Scribe Duties", 5, False),
        ("4 Labs", 60, False),
        ("Paper Review Presentation", 10, False),
        ("Final Project", 25, False),
        ("Participation Bonus", 4, True),
    ]
    assert (parts[1]["count"], parts[1]["each_percent"]) == (4, 15)
    assert sum(part["percent"] for part in parts if not part.get("bonus")) == 100
    assert course.facts["grading"]["pass"]["turned_in"] == 3


def test_the_ways_to_the_bonus_add_up_to_more_than_its_cap(course):
    bonus = course.facts["participation"]
    assert [(part["key"], part["percent"]) for part in bonus["parts"]] == [
        ("contributors", 3),
        ("evaluation", 1),
        ("karma", 1),
    ]
    assert (bonus["parts"][0]["top"], bonus["cap_percent"], bonus["bonus"]) == (10, 4, True)
    assert "bonus-parts-exceed-the-cap" in {item["code"] for item in course.facts["findings"]}


def test_the_late_policy_says_every_field(course):
    assert course.facts["late_policy"]["policy"] == POLICY


def test_papers_of_the_slides_stand_under_the_first_session(course):
    papers = papers_dump(course)
    assert [(p["title"], p["authors"], p.get("venue"), p.get("year")) for p in papers] == PAPERS
    assert {p["date"] for p in papers} == {"2022-09-08"}
    assert all(p["topic"] for p in papers)


def test_classes_have_their_old_and_their_new_numbers(course):
    classes = course.facts["prerequisites"] + course.facts["related_classes"]
    assert [(c["title"], [(n["number"], n["former"]) for n in c["numbers"]]) for c in classes] == CLASSES


def test_staff_and_office_hours_are_those_of_the_slides(course):
    assert [(row.name, row.role, row.title) for row in course.staff.order_by("position")] == [
        ("Song Han", "instructor", "Associate Professor"),
        ("Zhijian Liu", "ta", ""),
        ("Yujun Lin", "ta", ""),
    ]
    assert [(hour.who, hour.note) for hour in course.office_hours.order_by("position")] == [
        ("Song Han", "by request"),
        ("Zhijian Liu", "office hours & location announced on course website"),
        ("Yujun Lin", "office hours & location announced on course website"),
    ]


def test_rules_of_presentations_scribes_and_projects_keep_their_figures(course):
    facts = course.facts
    assert facts["presentations"]["reviewers"] == {"least": 2, "most": 3}
    assert [(part["title"], part.get("minutes"), part["per"]) for part in facts["presentations"]["parts"]] == [
        ("overview of paper", [5, 7], "team"),
        ("strength/weakness of paper", [1.5], "student"),
        ("questions", None, "team"),
    ]
    assert facts["scribe"]["due_days"] == 7
    assert facts["project"]["teams"] == {"least": 2, "most": 3}
    assert facts["project"]["tools"] == ["PyTorch", "TinyEngine"]


def test_the_course_videos_are_four(course):
    titles = {number: title for _, number, title in SESSIONS}
    assert [(video["number"], video["title"]) for video in course.facts["videos"]] == [
        (number, titles[number]) for number in (3, 5, 7, 11)
    ]


@pytest.mark.parametrize(
    "figure",
    [
        "1920 CPUs and 280 GPUs ($3000 electric bill per game)",
        "16 TPUv3s (128 TPUv3 cores)",
        "256 GPUs for 2 weeks (>$100k)",
        "15 Billion Mobile phones",
        "1.4 Billion Cars",
        "770 Million Security cameras",
        "15 Million Robots",
        "Cloud AI: Memory (Activation) 32GB, Storage (Weights) ~TB/PB",
        "Mobile AI: Memory (Activation) 4GB, Storage (Weights) 256GB",
        "Tiny AI: Memory (Activation) 320kB, Storage (Weights) 1MB",
        "Total: 39.58ms",
        "86B neurons",
        "7000 synapses",
    ],
)
def test_figures_of_the_first_slides_stand_in_its_outline(course, figure):
    assert figure in str(course.sessions.get(number=1).details["outline"])


def test_the_file_holds_no_e_mail_address():
    assert "@" not in FILE.read_text()


def test_the_rows_alone_give_back_the_file(course):
    wanted = canonical(checked(read(FILE.read_bytes())), file_parts.schema)
    assert tree_of(course) == wanted
    assert export_text(course) == FILE.read_text()
    course.file_text = ""
    assert canonical(checked(read(export_text(course).encode())), file_parts.schema) == wanted
