"""From an entry of the course file to the form and back: nothing is lost, and nothing is said that nobody said."""

from pathlib import Path

import pytest
from django.http import QueryDict

from courseplatform.courses.course_file.service import course_import, plan_import
from grading.course_file.assignment_item import item_of, session_days
from grading.course_file.item_check import refused_in_item
from grading.forms.editing.bench import BenchForm
from grading.forms.editing.rows import rearranged
from grading.models import Assignment, HiddenSet
from grading.services.assignment_rows import assignment_apply
from tests.grading.editing.editing import form_of, forms_in, sent
from tests.people import SPEC, make_course

pytestmark = pytest.mark.django_db
COURSES = sorted((Path(__file__).resolve().parents[3] / "courses").glob("*.yaml"))
FULL = {
    "slug": "lab9", "kind": "lab", "short": "Lab 9", "title": "Everything", "summary": "# One\n\nTwo\n", "individual": False, "released": "2030-01-02",
    "due": "2030-02-03 12:30", "points": 12.5, "percent": 5, "counts": False, "active": "chosen", "statement": True, "attempts": 3,
    "cooldown_minutes": 30, "cap": None, "no_late": True, "cutoff": "2030-02-05 12:00", "draft": True,
    "bench": SPEC | {"max_bytes": 1000, "device": "rpi-4-4gb", "formats": ["onnx"], "wall_s": 61, "memory_bytes": 1 << 29,
                     "run_on": "board", "board_wait": {"hours": 4}, "fallback": "emulation",
                     "board": {"tags": ["camera", "csi"], "own_board": "refused", "readings": "team"}},
    "hidden_set": "test",
    "parts": [
        {"key": "report", "kind": "pdf", "title": "Report, one page", "note": "As a PDF.", "pages": 1, "max_mb": 2.5},
        {"key": "results", "kind": "table", "title": "Results", "columns": ["Model", "Latency, ms"], "rows": 2, "required": False},
        {"key": "code", "kind": "link", "title": "Code", "hosts": ["github.com", "gitlab.com"]},
        {"key": "thoughts", "kind": "text", "title": "Thoughts", "letters": 500},
        {"key": "notebook", "kind": "file", "title": "Notebook", "endings": [".ipynb", ".pdf"]},
        {"key": "who", "kind": "contributions", "title": "Who did what"},
        {"key": "family", "kind": "models", "title": "Family", "least": 3, "most": 6, "vary": ["depth"], "sizes": [4, 8], "alone": True},
    ],
    "rubric": [{"key": "report", "title": "Report", "points": 2.5, "note": "clear"},
               {"key": "talk", "title": "Talk", "points": 1, "extra": True, "exactly_one": True,
                "options": [{"key": "good", "title": "Good", "points": 1}, {"key": "late", "title": "Late", "points": -0.25}]}],
    "regrades": {"limit": 2},
}  # fmt: skip


def made(item, data_dir):
    course = make_course("odml")
    HiddenSet.objects.create(slug="test", title="t", inputs_file="a", labels_file="b", count=1)
    row = Assignment(course=course, slug=item["slug"])
    assert refused_in_item(item, course) == []
    assignment_apply(row=row, item=item, position=0)
    return row


def test_every_key_of_the_file_comes_back_from_the_form(data_dir):
    row = made(FULL, data_dir)
    form = form_of(row, sent(row))
    assert form.is_valid(), [one.errors for one in (form, form.dates, form.bench, *form.parts, *form.criteria)]
    assert item_of(row, session_days(row.course)) == FULL
    assert form.item() == FULL


@pytest.mark.parametrize("path", COURSES, ids=lambda path: path.stem)
def test_every_assignment_of_a_shipped_course_comes_back_from_its_form(path):
    course, _ = course_import(plan=plan_import(path.read_bytes()))
    for row in course.assignments.select_related("course"):
        form = form_of(row, sent(row))
        assert form.is_valid(), (row.slug, form.errors, form.dates.errors)
        assert form.item() == item_of(row, session_days(course)), row.slug


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"bench-board_wait": "soon"}, "wrong_form", "board_wait"),
        ({"bench-board_wait": "0 days"}, "bench_spec", "board_wait"),
        ({"bench-device": "", "bench-run_on": "board"}, "bench_spec", "run_on"),
        ({"bench-tags": "a camera"}, "bench_spec", "tags"),
        ({"bench-power_sensor": "on"}, "bench_spec", "readings"),
    ],
)
def test_what_is_said_of_boards_is_refused_at_its_field(data_dir, changes, code, field):
    row = made(FULL, data_dir)
    form = form_of(row, sent(row, **changes))
    if form.is_valid():
        for refused in refused_in_item(form.item(), row.course):
            form.refuse(refused)
    assert [error.code for error in form.bench.errors[field].as_data()] == [code], form.bench.errors


WRONG = {"bench-memory_mib": "1e9", "bench-wall_s": "-1", "bench-max_kib": "0"}


@pytest.mark.parametrize(
    ("unread", "others"),
    [
        ({"bench-board_wait": "soon"}, ["board_wait"]),
        ({"bench-board_wait": "99 days", "bench-device": "", "bench-classes": "one"}, ["board_wait", "run_on", "classes"]),
        ({"bench-low": "2", "bench-high": "1"}, ["high"]),
        ({"bench-shapes": "NCHW 1, two"}, ["shapes"]),
        ({"short": ""}, []),
        ({"parts-0-title": ""}, []),
    ],
    ids=str,
)  # fmt: skip
def test_whatever_cannot_be_read_all_that_is_wrong_with_the_bench_is_told_at_once(data_dir, unread, others):
    row = made(FULL, data_dir)
    form = form_of(row, sent(row, **WRONG, **unread))
    if form.is_valid():
        for refused in refused_in_item(form.item(), row.course):
            form.refuse(refused)
    assert set(form.bench.errors) == {"memory_mib", "wall_s", "max_kib", *others}
    assert form.bench.errors["memory_mib"] == ["Give a limit above 0 and at most 1 TiB."]
    assert [form.bench[name.removeprefix("bench-")].value() for name in WRONG] == list(WRONG.values())


def test_who_is_not_measured_on_a_board_waits_for_none(data_dir):
    row = made(FULL, data_dir)
    form = form_of(row, sent(row, **{"bench-run_on": "container"}))
    assert form.is_valid()
    assert form.item()["bench"]["run_on"] == "container" and not {"board_wait", "fallback"} & set(form.item()["bench"])


def test_a_lab_that_says_nothing_of_boards_says_nothing_after_its_form(data_dir):
    of_boards = ("run_on", "board_wait", "fallback", "board")
    bench = {key: value for key, value in FULL["bench"].items() if key not in of_boards}
    row = made(FULL | {"bench": bench}, data_dir)
    form = form_of(row, sent(row))
    assert form.is_valid() and form.item()["bench"] == bench


def test_unticking_the_benchmark_leaves_it_out_and_asks_nothing_of_its_fields(data_dir):
    row = made(FULL | {"parts": FULL["parts"][:1]}, data_dir)
    form = form_of(row, sent(row, has_bench=None, **{"bench-shapes": "nonsense", "criteria-0-points": "x"}))
    assert form.is_valid() and "bench" not in form.item()


@pytest.mark.parametrize(
    ("changes", "where", "code"),
    [
        ({"short": ""}, "short", "required"),
        ({"due_day": "2029-01-01"}, "dates.due_day", "ends_before_it_begins"),
        ({"points": "-1"}, "points", "too_small"),
        ({"points": "1e300"}, "points", "too_large"),
        ({"percent": "101"}, "percent", "too_large"),
        ({"parts-0-pages": "0"}, "parts.0.pages", "too_small"),
        ({"parts-1-key": "report"}, "parts.1", "twice"),
        ({"parts-4-endings": "ipynb"}, "parts.4.endings", "wrong_form"),
        ({"bench-shapes": "NCHW 1, two"}, "bench.shapes", "not_a_number"),
        ({"bench-shapes": ""}, "bench.shapes", "bench_spec"),
        ({"bench-shapes": "NCHW 1, 1.5, 8, 8"}, "bench.shapes", "bench_spec"),
        ({"bench-classes": "one"}, "bench.classes", "bench_spec"),
        ({"criteria-1-to": "0.8"}, "criteria.1", "bench_spec"),
        ({"criteria-2-steps": "16384: 1, 8192: 0.5"}, "criteria.2.steps", "bench_spec"),
        ({"criteria-2-steps": "much"}, "criteria.2.steps", "wrong_form"),
        ({"criteria-0-points": "-2"}, "criteria.0.points", "bench_spec"),
        ({"limit": "0"}, "limit", "min_value"),
        ({"cooldown_minutes": "99999"}, "cooldown_minutes", "too_large"),
    ],
    ids=str,
)  # fmt: skip
def test_a_refusal_of_the_file_stands_beside_its_field(data_dir, changes, where, code):
    row = made(FULL, data_dir)
    form = form_of(row, sent(row, **changes))
    if form.is_valid():
        for refused in refused_in_item(form.item(), row.course):
            form.refuse(refused)
    assert code in codes_at(form, where), errors_in(form)


def codes_at(form, where):
    for step in where.split("."):
        if step.isdecimal():
            form = form.forms[int(step)]
        elif hasattr(form, step) and step in ("dates", "bench", "parts", "criteria"):
            form = getattr(form, step)
        else:
            return [error.code for error in form.errors.as_data().get(step, [])]
    return [error.code for error in form.errors.as_data().get("__all__", [])]


def errors_in(form):
    return [one.errors.as_json() for one in (form, form.dates, form.bench, *form.parts, *form.criteria)]


def test_rows_are_added_taken_away_and_moved():
    data = QueryDict(
        "rubric-count=2&rubric-0-title=a&rubric-0-points=1&rubric-1-title=b&rubric-1-points=2&short=x", mutable=True
    )
    up = rearranged(data, "rubric:up:1")
    assert (up["rubric-0-title"], up["rubric-0-points"], up["rubric-1-title"]) == ("b", "2", "a")
    less = rearranged(data, "rubric:remove:0")
    assert (less["rubric-count"], less["rubric-0-title"], "rubric-1-title" in less, less["short"]) == (
        "1",
        "b",
        False,
        "x",
    )
    more = rearranged(data, "parts:add:pdf")
    assert (more["parts-count"], more["parts-0-kind"], more["rubric-1-title"]) == ("1", "pdf", "b")


@pytest.mark.parametrize(
    "do",
    [
        "",
        "x",
        "rubric:up:0",
        "rubric:down:1",
        "rubric:remove:9",
        "rubric:remove:-1",
        "rubric:up:²",
        ":::",
        "rubric:remove:99999999",
    ],
)
def test_a_button_that_is_not_there_changes_nothing(do):
    data = QueryDict("rubric-count=2&rubric-0-title=a&rubric-1-title=b", mutable=True)
    found = rearranged(data, do)
    assert [found.get(f"rubric-{n}-title") for n in range(2)] == ["a", "b"]


@pytest.mark.parametrize("count", ["-1", "x", "²", "9" * 40, ""])
def test_a_count_of_rows_that_is_none_means_no_rows(data_dir, count):
    row = made(FULL, data_dir)
    assert form_of(row, sent(row, **{"parts-count": count})).parts.count == 0


def test_a_row_without_a_key_gets_one_that_is_free(data_dir):
    row = made(FULL, data_dir)
    form = form_of(row, sent(row, **{"parts-1-key": "", "parts-1-title": "Report!"}))
    assert form.is_valid() and [entry["key"] for entry in form.item()["parts"]][:2] == ["report", "report-2"]


@pytest.mark.parametrize(
    ("held", "others", "written"),
    [
        ({"device": "rpi-4-4gb"}, [], {"device": "rpi-4-4gb"}),
        ({"device": "rpi-4-4gb"}, ["stm32f746"], {"devices": ["rpi-4-4gb", "stm32f746"]}),
        (
            {"devices": ["rpi-4-4gb", "laptop", "phone"]},
            ["phone", "laptop"],
            {"devices": ["rpi-4-4gb", "laptop", "phone"]},
        ),
        ({"devices": ["rpi-4-4gb", "laptop"]}, [], {"devices": ["rpi-4-4gb"]}),
        ({"device": "phone-mid"}, [], {"device": "phone-mid"}),
    ],
)
def test_a_lab_names_one_board_or_several_and_unchanged_it_stays_as_it_was_written(held, others, written):
    spec = SPEC | held
    form = BenchForm(spec, None)
    sent = {f"bench-{name}": form[name].value() for name in form.fields}
    bound = BenchForm(spec, {key: value for key, value in sent.items() if value is not None} | {"bench-others": others})
    assert bound.is_valid(), bound.errors
    said = bound.spec(spec["criteria"])
    assert {key: said[key] for key in ("device", "devices") if key in said} == written


def test_further_boards_without_the_one_to_fit_are_refused():
    form = BenchForm(SPEC, {"bench-others": ["laptop"], "bench-shapes": "NCHW 1, 1, 8, 8", "bench-classes": "a, b"})
    assert not form.is_valid()
    assert "Say first which board" in form.errors["device"][0]


EVERY_RULE = [
    {"key": "opens", "title": "Opens", "points": 1, "rule": {"kind": "pass"}},
    {"key": "ramp", "title": "Ramp", "points": 1, "metric": "macs", "rule": {"kind": "ramp", "from": {"baseline": "reference"}, "to": 1000}},
    {"key": "curve", "title": "Curve", "points": 1, "metric": "accuracy", "rule": {"kind": "curve", "points": [[0.7, 0], [0.8, 0.75], [0.9, 1]]}},
    {"key": "wild", "title": "Wild", "points": 1, "metric": "accuracy",
     "rule": {"kind": "curve", "points": [[{"baseline": "reference", "plus": -0.25}, 0], [0.8, 1], [0.9, 0.5]], "monotone": False}},
    {"key": "steps", "title": "Steps", "points": 1, "metric": "macs",
     "rule": {"kind": "steps", "steps": [[{"baseline": "reference", "times": 0.5}, 1], [5e9, 0.5]]}},
    {"key": "more", "title": "More", "points": 1, "metric": "battery_hours", "rule": {"kind": "steps", "better": "more", "steps": [[2, 0.5], [6.5, 1]]}},
    {"key": "least", "title": "Least", "points": 1, "metric": "accuracy",
     "rule": {"kind": "at_least", "value": {"baseline": "reference", "times": 1.02, "plus": 0.001}}},
    {"key": "most", "title": "Most", "points": 0.5, "metric": "ram_needed_bytes", "rule": {"kind": "at_most", "value": 320000}, "bonus": True},
    {"key": "fits", "title": "Fits", "points": 1, "rule": {"kind": "fits"}},
    {"key": "all", "title": "All", "points": 1, "bonus": True,
     "rule": {"kind": "all_of", "conditions": [
         {"fits": True}, {"metric": "accuracy", "at_least": {"baseline": "reference"}}, {"metric": "macs", "at_most": 1e6}]}},
]  # fmt: skip
BASELINES = {
    "reference": {"title": "the reference, model; of all", "source": "MLPerf Tiny v1.0", "metrics": {"accuracy": 0.91, "macs": 476000000}},
    "small-2": {"title": "the small one", "metrics": {"macs": 1e3}},
}  # fmt: skip


def test_rules_of_every_kind_and_baselines_come_back_from_the_form(data_dir):
    bench = FULL["bench"] | {"criteria": EVERY_RULE, "baselines": BASELINES, "bonus_most": 1.25}
    row = made(FULL | {"bench": bench}, data_dir)
    form = form_of(row, sent(row))
    assert form.is_valid(), [one.errors for one in (form.bench, *form.criteria, *form.baselines)]
    assert form.item()["bench"] == bench


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("criteria-1-from", "half of it", "Write a number, or a baseline: 0.5 x reference."),
        ("criteria-1-from", "1e999", "Write a number between"),
        ("criteria-1-from", "0.5 x best", "Best is none of this lab; known baselines are reference, small-2."),
        ("criteria-1-from", "", "This field is required."),
        ("criteria-2-corners", "0.7: 0", "Give 2 to 20 corners"),
        ("criteria-2-corners", "0.7: 2, 0.8: 1", "is no limit with the share"),
        ("criteria-2-corners", "0.7", "Write a limit and the share of the points"),
        ("criteria-4-better", "more", "With `better: more` limits and shares must rise."),
        ("criteria-9-conditions", "fits", "Give 2 to 6 conditions"),
        ("criteria-9-conditions", "fits\nmacs = 5", "Write one condition a line"),
        ("criteria-9-conditions", "fits\nmagic <= 5", "Magic; known metrics are"),
        ("baselines-0-metrics", "macs", "Write each metric once"),
        ("baselines-0-metrics", "macs 1, macs 2", "Write each metric once"),
        ("baselines-0-metrics", "magic 1", "Known metrics are"),
        ("baselines-1-key", "reference", "This name stands above."),
        ("bench-bonus_most", "0", "Give the most that extra credit comes to"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_stands_beside_its_field(data_dir, name, text, said):
    bench = FULL["bench"] | {"criteria": EVERY_RULE, "baselines": BASELINES, "bonus_most": 1.25}
    row = made(FULL | {"bench": bench}, data_dir)
    form = form_of(row, sent(row, **{name: text}))
    if form.is_valid():
        for refused in refused_in_item(form.item(), row.course):
            form.refuse(refused)
    found = {part.add_prefix(field): " ".join(part.errors[field]) for part in forms_in(form) for field in part.errors}
    rows = {part.prefix for part in forms_in(form)}
    at = name if name in found else next((key for key in found if key.startswith(f"{name.rpartition('-')[0]}-")), "")
    assert said in found.get(at, ""), (found, rows)
