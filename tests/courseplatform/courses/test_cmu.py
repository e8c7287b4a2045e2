"""The two terms of CMU 11-767 in courses/, compared with what their public pages say: schedules line by line, figures one by one."""

from pathlib import Path

import pytest
from django.conf import settings

from courseplatform.courses.course_file.checking import checked
from courseplatform.courses.course_file.reading import read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import course_export, course_import, plan_import, tree_of
from courseplatform.courses.course_file.writing import canonical
from grading.models.assignments import Assignment
from hardware.profiles import load_profiles

# The pages' own lines with full dates: a session, and indented what stands under it. Left out: the words "No class:" before Thanksgiving,
# which are a flag, and the colons behind points that have points below them.
FALL_2023 = """
2023-08-29 Course structure & Background
2023-08-31 Lab 1: PyTorch, MLP, Basic Benchmarking (individual assignment)
2023-09-05 Practical Problems, Theory vs Practice
2023-09-07 Machine Learning and Optimization
2023-09-12 Efficiency Benchmarking
  2023-09-13 Lecture Highlight
2023-09-14 Project Group Speed dating
  2023-09-15 Lab 1 Due
2023-09-19 Computer Vision, Edge Hardware, and Robotics
2023-09-21 NLP
2023-09-26 Compression I: Quantization and Pruning
  2023-09-27 Lecture Highlight
2023-09-28 Lab 2 + Project Hours: Benchmarking Your Data, Model, Hardware
2023-10-03 Compression II: Pruning (cont) and Distillation
  2023-10-04 Lecture Highlight
2023-10-05 Neural Architecture Search
  2023-10-06 Lecture Highlight
  2023-10-06 Project Proposals Due
2023-10-10 Architecture-specific tricks I: CNNs
  2023-10-11 Lecture Highlight
2023-10-12 Lab 3: Quantization
  2023-10-13 Lab 2 Due
2023-10-17 Fall Break
2023-10-19 Fall Break
2023-10-24 Project Sharing
2023-10-26 Project Sharing
  2023-10-27 Project Sharing Write-up Due
2023-10-31 Architecture-specific tricks II: Transformers
  2023-11-01 Lecture Highlight
2023-11-02 Project Feedback (in class!)
  2023-11-03 Lab 3 Due
2023-11-07 Election Day
2023-11-09 Lab 4: Pruning
2023-11-14 Efficient Training (or don't)
  2023-11-15 Lecture Highlight
2023-11-16 Parameter Efficient Fine-Tuning
  2023-11-17 Lecture Highlight
2023-11-21 Project Hours (zoom option available)
  - Scoping and status discussions (optional)
  2023-11-21 Lab 4 Due
2023-11-23 Thanksgiving
2023-11-28 Environmental Impacts
  2023-11-29 Lecture Highlight
2023-11-30 Lab 5: New Hardware + Benchmarking Energy
2023-12-05 Final Presentations (and sharing)
2023-12-07 --
  2023-12-07 Hardware return (except late days)
  2023-12-08 Lab 5 Due
"""
FALL_2021 = """
2021-08-31 Course structure & Background
2021-09-02 Hardware and Modality choices
  - Hardware trade-off discussions
  - Raspberry Pi Zero W 150 mA
  - Raspberry Pi 4 600 mA
  - Jetson Nano & Google Coral 2A
  - Input Options
  - Speech Recognition: Microphone
  - Images: Camera
  - Output Options
  - Text Output: LCD Display
  - Control: Robot
  - Additional sensors/extensions will be available: Temperature, LEDs, etc
2021-09-07 Understanding the Ecosystem
  - ARM
  - OSs: Raspbian, Ubuntu, Android
  - SBCs vs Micro-controllers
2021-09-09 OS and Peripherals setup
  - Dev Boards: Custom ARM builds
  - Build environments: Source install PyTorch/HuggingFace and TFLite
  - Familiarize with hardware
  - Run pretrained models
  - Report 1 5%
2021-09-14 TinyML, TFLite, PyTorch Mobile
2021-09-16 Benchmark existing model
  - Performance, space, and power
  - Report 2 5%
2021-09-21 Distillation
2021-09-23 Fine-tune pretrained model
  - Report 3 5%
2021-09-28 Distillation
2021-09-30 Project Proposal
  - Task definition, modalities, and evaluation
  - Report 4 5%
2021-10-05 Quantization
2021-10-07 Quatization or distillation results
  - Report 5 5%
2021-10-12 Quantization
2021-10-14 No class
2021-10-19 On-Device Computer Vision
2021-10-21 Inference only
  - Full task implementation (no training)
  - Report 6 5%
2021-10-26 Real Time Speech Recognition
2021-10-28 Train a new example
  - Report 7 5%
2021-11-02 Weight Imprinting
2021-11-04 Implementation
  - Report 8 5%
2021-11-09 Neural Architecture Search
2021-11-11 Training benchmarks
  - Static dataset provided by instructors
  - Report 9 5%
2021-11-16 Power implications of accelerators
2021-11-18 Carbon & Alternative Power
  - Report 10 5%
2021-11-23 Multimodal Fusion
2021-11-25 No class
2021-11-30 FPGAs, Batteries, Solar, ...
2021-12-02 TBD
2021-12-07 Final Presentation
2021-12-09 Final Report due
"""


def content(slug):
    return (Path(settings.BASE_DIR) / "courses" / f"{slug}.yaml").read_bytes()


def imported(slug):
    course, kept = course_import(plan=plan_import(content(slug)))
    assert kept == []
    return course


@pytest.fixture
def fall_2023(db):
    return imported("cmu-11-767-f23")


@pytest.fixture
def fall_2021(db):
    return imported("cmu-11-767-f21")


def schedule(course):
    """{session as its page prints it: the lines under it, sorted}, from the database."""
    due = Assignment.objects.of(course)
    found = {}
    for session in course.sessions.order_by("position"):
        under = [f"- {point}" for point in points(session.details.get("outline", []))]
        under += [f"{i.on} {i.label}" if i.kind == "highlight" else f"- {i.label}" for i in session.items.all()]
        for work in due.filter(listed_under=session.held_on):
            under += due_line(work)
        note = f" ({session.note})" if session.note else ""
        found[f"{session.held_on} {session.title}{note}"] = sorted(under)
    return found


def points(outline):
    for point in outline:
        yield point["title"] if isinstance(point, dict) else point
        if isinstance(point, dict):
            yield from points(point["points"])


def due_line(work):
    if work.worth_percent is not None:
        return [f"- {work.short} {int(work.worth_percent)}%"]
    if work.kind == "final_report":  # the session of that day says it
        return []
    tail = f" ({work.summary})" if work.kind == "hardware_return" else " Due"
    return [f"{work.due_wall[:10]} {work.short}{tail}"]


def printed(text):
    found = {}
    for line in text.strip().splitlines():
        if line.startswith("  "):
            found[list(found)[-1]].append(line.strip())
        else:
            found[line] = []
    return {line: sorted(under) for line, under in found.items()}


def test_the_schedule_of_fall_2023_is_that_of_the_page(fall_2023):
    assert schedule(fall_2023) == printed(FALL_2023)
    assert list(schedule(fall_2023)) == list(printed(FALL_2023))


def test_the_schedule_of_fall_2021_is_that_of_the_page(fall_2021):
    assert schedule(fall_2021) == printed(FALL_2021)
    assert list(schedule(fall_2021)) == list(printed(FALL_2021))


@pytest.mark.parametrize("slug", ["cmu-11-767-f23", "cmu-11-767-f21", "template"])
def test_a_course_comes_back_as_it_was_read(slug, db):
    course = imported(slug)
    assert course_export(slug).encode() == content(slug)
    assert tree_of(course) == canonical(checked(read(content(slug))), file_parts.schema)
    again = plan_import(content(slug))
    assert (again.is_new, again.changes, again.text_differs) == (False, [], False)


@pytest.mark.parametrize("term", ["fall_2023", "fall_2021"])
def test_lectures_are_on_tuesday_and_labs_on_thursday(term, request):
    course = request.getfixturevalue(term)
    assert {(s.column, s.held_on.weekday()) for s in course.sessions.all()} == {("lecture", 1), ("lab", 3)}


def test_days_without_class_keep_their_names(fall_2023, fall_2021):
    def off(course):
        return [(str(s.held_on), s.title, s.kind) for s in course.sessions.filter(is_class=False).order_by("position")]

    assert off(fall_2023) == [
        ("2023-10-17", "Fall Break", "holiday"), ("2023-10-19", "Fall Break", "holiday"), ("2023-11-07", "Election Day", "holiday"),
        ("2023-11-23", "Thanksgiving", "holiday"), ("2023-12-07", "--", "none"),
    ]  # fmt: skip
    assert off(fall_2021) == [("2021-10-14", "No class", "holiday"), ("2021-11-25", "No class", "holiday")]


def test_sessions_of_fall_2023_say_what_happens_and_how_one_takes_part(fall_2023):
    by_day = {str(session.held_on): session for session in fall_2023.sessions.all()}
    both, zoom = by_day["2023-09-28"], by_day["2023-11-21"]
    assert (both.kind, both.details["also"], both.releases_lab) == ("lab", ["project"], True)
    assert (zoom.kind, zoom.details["modes"], zoom.items.get().kind) == ("project", ["in class", "zoom"], "optional")
    assert by_day["2023-11-02"].details["modes"] == ["in class"]
    assert (by_day["2023-09-21"].column, by_day["2023-09-21"].kind) == ("lab", "lecture")
    hours = {(str(s.starts_at), str(s.ends_at), s.place) for s in by_day.values() if s.is_class}
    assert hours == {("09:30:00", "10:50:00", "DH 1212")}


def test_people_of_both_terms(fall_2023, fall_2021):
    assert list(fall_2023.staff.values_list("name", "role")) == [
        ("Yonatan Bisk", "instructor"), ("Emma Strubell", "instructor"), ("Clara Na", "ta"), ("Jared Fernandez", "ta"),
    ]  # fmt: skip
    assert list(fall_2021.staff.values_list("name", "role")) == [
        ("Yonatan Bisk", "instructor"), ("Student 1", "ta"), ("Student 2", "ta"),
    ]  # fmt: skip
    hours = {
        h.who: (h.weekday, str(h.starts_at), str(h.ends_at), h.place, h.note) for h in fall_2023.office_hours.all()
    }
    assert hours == {
        "Yonatan Bisk": (None, "None", "None", "", "TBD"),
        "Emma Strubell": (None, "None", "None", "", "TBD"),
        "Clara Na": (1, "13:00:00", "14:00:00", "GHC 5417", ""),
        "Jared Fernandez": (3, "15:00:00", "16:00:00", "Wean 3110", ""),
    }


def test_policies_and_labels_of_fall_2023(fall_2023):
    assert [item["title"] for item in fall_2023.fact("policies")] == [
        "Submission Policies", "COVID Details", "Accommodations for Students with Disabilities", "Note to students",
        "Bring your own Data/Hardware/Projects for Lab",
    ]  # fmt: skip
    assert [item["help_line"] for item in fall_2023.fact("policies") if "help_line" in item] == ["412-268-2922"]
    headings = fall_2023.fact("course", "headings")
    assert (headings["lecture"], headings["lab"], headings["links"]) == ("Lectures", "Lab/Discussion", "Resources")
    assert [item["text"] for item in fall_2023.fact("pictures")] == [
        "Side view of three-wheel robot car", "LCD Screen and Camera for ASL",
    ]  # fmt: skip
    assert fall_2023.fact("hand_in", "place") == "Canvas"


@pytest.mark.parametrize("term", ["fall_2023", "fall_2021"])
def test_the_energy_budget_is_one_charge_of_a_phone(term, request):
    budget = request.getfixturevalue(term).fact("budget")
    hours = {item["device"]: item["hours"] for item in budget["hours"]}
    assert (budget["capacity_mah"], hours) == (4000, {"Jetson Nano": 2, "RPi": 7, "RPi Zero W": 26})


def boards(course):
    return {
        item["name"]: (item.get("memory"), [draw["ma"] for draw in item.get("current", [])], item.get("lent", True))
        for item in course.fact("devices")
    }


def test_boards_keep_every_stated_size_and_draw(fall_2023, fall_2021):
    assert boards(fall_2023) == {
        "Raspberry Pi 4": (["8GB"], [2000], True),
        "Jetson Nano": (["2GB", "4GB"], [], True),
        "RPi Zero W": (None, [], False),
    }
    assert boards(fall_2021) == {
        "Raspberry Pi Zero W": (["512MB"], [150, 150], True),
        "Raspberry Pi 4": (["2GB", "4GB", "8GB"], [2000, 600], True),
        "Google Coral": (["1GB", "4GB"], [2000], True),
        "Jetson Nano": (["2GB"], [2000], True),
    }
    slugs = {item["slug"] for course in (fall_2023, fall_2021) for item in course.fact("devices")}
    assert slugs <= set(load_profiles())


def test_example_projects_of_both_terms(fall_2023, fall_2021):
    def rows(course):
        return [(" + ".join(item["input"]), item["output"], item["task"]) for item in course.fact("example_projects")]

    common = [
        ("Images", "Text", "Object Detection or ASL Finger Spelling"),
        ("Images", "Robot Arm", "Learning from Demonstration"),
        ("Speech + Images", "Robot Car", "Vision-Language Navigation"),
    ]
    assert rows(fall_2023) == [("Speech", "Text", "Real-time Machine Translation"), *common]
    assert rows(fall_2021) == [("Speech", "Text", "Open-Domain QA"), *common]


def test_fall_2021_is_a_draft_that_is_talked_about_in_slack(fall_2021):
    assert fall_2021.fact("course", "state") == "draft"
    assert [item["where"] for item in fall_2021.fact("communication")] == ["Slack"]
    assert [(item["use"], item["title"], item["with"][0]) for item in fall_2021.fact("peripherals")] == [
        ("input", "Speech Recognition", "Microphone"), ("input", "Images", "Camera"), ("output", "Text Output", "LCD Display"),
        ("output", "Control", "Robot"), ("extension", "Additional sensors/extensions", "Temperature"),
    ]  # fmt: skip


def test_the_grades_of_fall_2021_contradict_their_halves(fall_2021):
    grading = fall_2021.fact("grading")
    assert [(part["group"], part["title"], part["percent"]) for part in grading["components"]] == [
        ("Papers", "Participation", 15), ("Papers", "Paper Presentations", 15), ("Project/Lab", "Lab Reports (1page)", 50),
        ("Project/Lab", "Final Report & Presentation", 20),
    ]  # fmt: skip
    assert [(share["title"], share["percent"]) for share in grading["split"]] == [
        ("paper discussion", 50),
        ("projects", 50),
    ]
    assert (fall_2021.fact("participation", "each_percent"), fall_2021.fact("participation", "cap_percent")) == (1, 15)
    assert "late_policy" not in fall_2021.facts


def test_ten_reports_of_fall_2021_have_no_due_time_and_the_final_report_has_a_day(fall_2021):
    work = Assignment.objects.of(fall_2021)
    reports = work.filter(kind="report")
    assert (reports.count(), sum(report.worth_percent for report in reports)) == (10, 50)
    assert not reports.filter(due_at__isnull=False).exists()
    assert work.get(kind="final_report").due_wall == "2021-12-09"


def test_contradictions_of_both_pages_are_kept_visible(fall_2023, fall_2021):
    def shown(slug):
        return {code for code, _ in plan_import(content(slug)).findings}

    assert {"current-of-the-pi", "return_before_last_lab", "zero-w-is-not-lent", "no-grading-scheme"} <= shown(
        "cmu-11-767-f23"
    )
    assert {"current-of-the-pi", "halves-that-are-none", "reports-without-due-day", "no-late-rule"} <= shown(
        "cmu-11-767-f21"
    )
