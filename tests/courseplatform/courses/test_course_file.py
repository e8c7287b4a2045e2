"""The course file: read strictly, planned before written, carried out without loss, given back equal."""

import json
import random
from datetime import date, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from time import process_time

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone

from courseplatform.courses.course_file.checking import checked
from courseplatform.courses.course_file.reading import MOST_BYTES, FileError, read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import course_export, course_import, export_text, plan_import, tree_of
from courseplatform.courses.course_file.shifting import shifted
from courseplatform.courses.course_file.writing import canonical
from courseplatform.courses.models import Course, Session
from grading.models import Assignment, HiddenSet
from tests.people import SPEC, hand_in, onnx_like

# libyaml where it was built in, as the product reads: thirty times quicker.
read_yaml = partial(yaml.load, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
COURSES = sorted((Path(__file__).resolve().parents[3] / "courses").glob("*.yaml"))
SMALL = """\
course:
  slug: small
  title: Small
  zone: America/New_York
  starts_on: 2024-01-15
  ends_on: 2024-03-29
sessions:
  - {date: 2024-01-16, column: lecture, title: One, from: "09:30", to: "10:50", place: R1}
  - {date: 2024-01-18, column: lab, title: Two, from: "09:30", to: "10:50", place: R1, items: [{date: 2024-01-19, kind: highlight, label: Lecture Highlight}]}
assignments:
  - {slug: lab1, kind: lab, short: Lab 1, released: "2024-01-18 09:30", due: "2024-01-26 23:59"}
"""


def refusal(text):
    with pytest.raises(FileError) as caught:
        checked(read(text if isinstance(text, bytes) else text.encode()))
    return [(finding.code, finding.line) for finding in caught.value.findings]


def taken(text):
    return course_import(plan=plan_import(text.encode()))[0]


@pytest.fixture
def hidden_sets(db):
    """Those that the shipped files name, as the site has them (manage.py labs --hidden)."""
    for path in COURSES:
        for item in read_yaml(path.read_bytes()).get("assignments", []):
            if name := item.get("hidden_set"):
                HiddenSet.objects.get_or_create(slug=name, defaults={"title": name, "count": 1})


@pytest.mark.usefixtures("hidden_sets")
@pytest.mark.parametrize("path", COURSES, ids=lambda path: path.stem)
def test_a_shipped_course_comes_back_equal_from_its_rows_alone(path):
    content = path.read_bytes()
    course = course_import(plan=plan_import(content))[0]
    assert tree_of(course) == canonical(checked(read(content)), file_parts.schema)
    assert plan_import(content).changes == []
    course.file_text = ""  # no form to follow: what is written comes from the rows
    assert read_yaml(export_text(course)) == canonical(read_yaml(content), file_parts.schema)


@pytest.mark.usefixtures("hidden_sets")
@pytest.mark.parametrize("path", COURSES, ids=lambda path: path.stem)
def test_the_export_keeps_every_key_in_the_order_of_the_file(path):
    content = path.read_bytes()
    course = course_import(plan=plan_import(content))[0]
    Course.objects.filter(pk=course.pk).update(file_text=yaml.safe_dump(read_yaml(content), sort_keys=False))
    assert repr(read_yaml(course_export(course.slug))) == repr(read_yaml(content))


@pytest.mark.django_db
def test_keys_in_any_order_and_defaults_that_are_said_come_back_as_they_were():
    text = SMALL.replace(
        "{date: 2024-01-16, column: lecture,",
        "{class: true, kind: lecture, title: Zero, published: true, date: 2024-01-16, column: lecture,",
    ).replace(" title: One,", "")
    course = taken(text)
    Session.objects.filter(title="Two").update(title="Two and a half")
    found = read_yaml(export_text(Course.objects.get(pk=course.pk)))
    wanted = read_yaml(text)
    wanted["sessions"][1]["title"] = "Two and a half"
    assert repr(found) == repr(wanted)


@pytest.mark.django_db
def test_the_commands_say_what_they_did(tmp_path, capsys):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)

    def run(*args):
        out = StringIO()
        call_command("import_course", *args, stdout=out)
        return out.getvalue()

    assert run("--dry-run", str(path)).startswith("would create small")
    assert not Course.objects.filter(slug="small").exists()
    assert run(str(path)).startswith("created small")
    assert run(str(path)) == "no changes\n"
    path.write_text(SMALL.replace("title: One", "title: First"))
    said = run("--dry-run", str(path))
    assert "would update small" in said and "One" in said and "First" in said
    assert Session.objects.filter(title="One").exists()
    run(str(path))
    out = StringIO()
    call_command("export_course", "small", stdout=out)
    assert out.getvalue() == path.read_text()


@pytest.mark.django_db
def test_a_file_that_is_refused_names_file_line_code_and_sentence(tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text(SMALL.replace("title: Small", "titel: Small"))
    err = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("import_course", str(path), stderr=err)
    assert stopped.value.code == 2
    assert f"{path}:3: unknown_key: course has no key titel. Did you mean title?" in err.getvalue()
    with pytest.raises(SystemExit) as stopped:
        call_command("export_course", "nothing", stderr=StringIO())
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda s: s.replace("zone: America/New_York", "zone: America/Pittsburgh"), ("unknown_zone", 4)),
        (lambda s: s.replace("2024-01-18, column: lab", "2024-01-16, column: lecture"), ("sessions_overlap", 9)),
        (lambda s: s.replace("2024-01-18, column: lab", "2024-01-16, column: lab"), ("sessions_overlap", 9)),  # the same room
        (lambda s: s.replace('to: "10:50", place: R1}', 'to: "09:00", place: R1}'), ("ends_before_it_begins", 8)),
        (lambda s: s.replace("date: 2024-01-16", "date: 2025-01-16"), ("outside_the_course", 8)),
        (lambda s: s.replace('from: "09:30", to: "10:50", place: R1}', "from: 09:30, to: 10:50}"), ("time_without_quotes", 8)),
        (lambda s: s.replace("  slug: small", "\tslug: small"), ("tab", 2)),
        (lambda s: s.replace("title: Small", "title: !!python/object/apply:os.system [id]"), ("tag", 3)),
        (lambda s: s.replace("title: Small", "title: &a [*a]"), ("anchor", 3)),
        (lambda s: s.replace("title: Small", "title: yes"), ("wrong_type", 3)),
        (lambda s: s.replace("title: Small", "title: ''"), ("empty", 3)),
        (lambda s: s + "course: {slug: again, title: Again}\n", ("key_twice", 12)),
        (lambda s: s + "---\nanother: document\n", ("two_documents", 12)),
        (lambda s: s.replace("kind: lab, short", "kind: exam, short"), ("not_a_choice", 11)),
        (lambda s: s.replace('due: "2024-01-26 23:59"', 'due: "2024-01-26 25:59"'), ("wrong_form", 11)),
        (lambda s: s.replace('due: "2024-01-26 23:59"', 'due: "2024-02-31 23:59"'), ("no_such_time", 11)),
        (lambda s: s.replace('due: "2024-01-26 23:59"', 'due: "2024-03-10 02:30"'), ("no_such_time", 11)),  # the clocks skip it
        (lambda s: s.replace('due: "2024-01-26 23:59"', 'due: "2024-01-17 23:59"'), ("ends_before_it_begins", 11)),
        (lambda s: s + '  - {slug: lab1, kind: lab, short: Lab 2}\n', ("twice", 12)),
        (lambda s: s.replace("starts_on: 2024-01-15", "starts_on: 2024-13-45"), ("not_a_value", 5)),
        (lambda s: s.replace("date: 2024-01-16", "on: 2024-01-16"), ("key_not_text", 8)),
        (lambda s: s.replace("title: Small", "<<: {title: Small}"), ("not_a_value", 3)),
        (lambda s: s.replace("title: Small", f"title: 0x{'f' * 5000}"), ("not_a_value", 3)),
        (lambda s: s.replace('due: "2024-01-26 23:59"', r'due: "2024-01-26 23:59\n"'), ("wrong_form", 11)),
        (lambda s: s.replace('from: "09:30", to: "10:50", place: R1}', 'from: "09:3\u0663", to: "10:50"}'), ("wrong_form", 8)),
        (lambda s: s.replace("title: Small", "title: \u00e9\u00e9\n# \x07"), ("not_yaml", 4)),
        (lambda s: s + "grading: {pass: {turned_in: 1, of: [lab1, lab9]}}\n", ("unknown_assignment", 12)),
        (lambda s: s.replace("title: One", "title: One, note: ask ta@example.org"), ("e_mail_address", 8)),
        (lambda s: s + "# ask a.b+c@mail.example.edu\n", ("e_mail_address", 12)),
        (lambda s: s + "policies:\n  - title: Help\n    text: |-\n      First.\n      Write to help@example.org.\n", ("e_mail_address", 16)),
        (lambda s: s + "staff: [{name: Ana, role: ta}]\noffice_hours:\n  - {who: Ana}\n  - {who: Bea}\n", ("not_of_staff", 15)),
        (lambda s: s + "office_hours:\n  - {who: Bea}\n", ("not_of_staff", 13)),
        (lambda s: s.replace("short: Lab 1", "short: Lab 1, listed_under: 2024-01-17"), ("no_session_that_day", 11)),
        (lambda s: s + "devices:\n  - {name: Odd board}\n  - {slug: rpi-4-3gb, name: Pi}\n", ("unknown_device", 14)),
        (lambda s: s.replace("short: Lab 1", f"short: Lab 1, bench: {json.dumps(SPEC | {'device': 'toaster'})}"), ("unknown_device", 11)),
        (lambda s: s.replace("short: Lab 1", f"short: Lab 1, bench: {json.dumps(SPEC | {'device': ['toaster']})}"), ("bench_spec", 11)),
        (lambda s: s.replace("short: Lab 1", f"short: Lab 1, bench: {json.dumps(SPEC | {'device': 'rpi-zero-w', 'run_on': 'board'})}"), ("bench_spec", 11)),
        (lambda s: s + "grading:\n  components:\n    - {title: Labs, percent: 101}\n", ("too_large", 14)),
        (lambda s: s + "participation: {each_percent: 1, cap_percent: 150}\n", ("too_large", 12)),
        (lambda s: s + "late_policy: {policy: {penalty: {used_unit_costs: 101}}}\n", ("too_large", 12)),
        (lambda s: s + "late_policy:\n  policy:\n    penalty: {kind: percent_of_max, steps: [10, 110]}\n", ("too_large", 14)),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_what_is_wrong_is_named_with_its_line(change, wanted):
    changed = change(SMALL)
    assert changed != SMALL
    assert wanted in refusal(changed)


def test_a_handle_in_a_link_is_no_address_and_points_may_pass_a_hundred():
    links = 'links: [{label: Videos, url: "https://example.org/@odml.videos"}, {label: "Wed @ 9.30"}]\n'
    points = "late_policy: {policy: {penalty: {kind: points, each: 110}}}\n"
    assert checked(read((SMALL + links + points).encode()))["links"][0]["label"] == "Videos"


@pytest.mark.django_db
def test_a_picture_that_was_pasted_into_the_file_does_not_keep_the_site_busy():
    begun = process_time()
    assert refusal(SMALL + f"# {'a' * 300_000}\n# ask a.b+c@mail.example.edu\n") == [("e_mail_address", 13)]
    assert process_time() - begun < 5  # ten minutes where each letter is a beginning


@pytest.mark.parametrize("shapes", ["abc", 7, {"NCHW": 7}, {"NCHW": ["a"]}, None])
@pytest.mark.django_db
def test_shapes_that_are_none_are_refused_where_a_family_names_sizes(shapes):
    bench = SPEC | {"input": SPEC["input"] | {"shapes": shapes}}
    parts = [{"key": "family", "kind": "models", "title": "Family", "sizes": [4]}]
    item = f"short: Lab 1, bench: {json.dumps(bench)}, parts: {json.dumps(parts)}"
    assert refusal(SMALL.replace("short: Lab 1", item)) == [("bench_spec", 11)]


def test_bombs_and_monsters_are_refused_at_once():
    bomb = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)
    )
    assert refusal(bomb) == [("anchor", 1)]
    assert refusal("a: " + "[" * 50) == [("too_deep", 1)]
    assert refusal("a: " + "[" * 50_000) == [("not_yaml", 1)]  # libyaml itself stops there
    assert refusal(b"x" * (10 << 20)) == [("too_large", 1)]
    assert refusal(b"x" * (MOST_BYTES + 1)) == [("too_large", 1)]
    assert refusal(SMALL.encode("utf-16")) == [("not_utf", 1)]
    assert refusal(b"course: 1\n# \x00") == [("not_yaml", 2)]
    assert refusal("") == [("not_a_mapping", 1)]
    assert refusal("- 1\n- 2\n") == [("not_a_mapping", 1)]


def test_random_damage_never_gets_past_the_reader_as_another_error():
    """Whatever a file becomes, it is taken or refused with findings; nothing else is ever raised."""
    rng = random.Random(20261126)
    source = COURSES[0].read_bytes()
    refused = []
    for _ in range(120):
        damaged = bytearray(source)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(damaged))
            damaged[at : at + rng.randint(0, 3)] = bytes(
                rng.choice(b"\t\n:-[]{}&*!|>'\"#%@`,0a ") for _ in range(rng.randint(0, 4))
            )
        try:
            checked(read(bytes(damaged)))
        except FileError as error:
            refused.extend(error.findings)
    assert len(refused) > 30
    assert all(finding.line >= 1 and finding.code and finding.sentence for finding in refused)


@pytest.mark.django_db
def test_an_import_never_deletes_what_students_handed_in(cast, tmp_path):
    text = course_export(cast.course.slug)
    assert "lab1" in text
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    tree = read_yaml(text)
    tree.pop("assignments")
    _, kept = course_import(plan=plan_import(yaml.safe_dump(tree).encode()))
    assert any("work was handed in" in sentence for sentence in kept)
    submission.refresh_from_db()
    assert Assignment.objects.get(pk=cast.lab.pk).is_withdrawn
    assert not Assignment.objects.of(cast.course).exists()
    assert plan_import(yaml.safe_dump(tree).encode()).changes == []
    course_import(plan=plan_import(text.encode()))  # and it comes back, the same row
    assert Assignment.objects.of(cast.course).get().pk == cast.lab.pk


@pytest.mark.django_db
def test_a_session_that_moved_or_was_renamed_stays_the_same_row():
    course = taken(SMALL)
    one, two = course.sessions.order_by("position")
    taken(
        SMALL.replace(
            "{date: 2024-01-16, column: lecture, title: One", "{date: 2024-01-23, column: lecture, title: One"
        ).replace("title: Two", "title: Deux")
    )
    assert {s.pk: (s.title, s.held_on) for s in course.sessions.all()} == {
        one.pk: ("One", date(2024, 1, 23)),
        two.pk: ("Deux", date(2024, 1, 18)),
    }
    assert course.sessions.get(pk=one.pk).sequence == 1


@pytest.mark.django_db
def test_a_session_that_moved_or_was_renamed_is_previewed_as_changed_and_not_as_gone():
    taken(SMALL)
    changed = (
        SMALL.replace("2024-01-16, column: lecture, title: One", "2024-01-23, column: lecture, title: One")
        .replace("title: Two", "title: Deux")
        .replace("assignments:", "  - {date: 2024-01-30, column: lecture, title: Three}\nassignments:")
    )
    assert plan_import(changed.encode()).changes == [
        "~ sessions[2024-01-16 09:30 One].date: 2024-01-16 -> 2024-01-23",
        "~ sessions[2024-01-18 09:30 Two].title: Two -> Deux",
        "+ sessions[2024-01-30 Three]: date 2024-01-30, column lecture, title Three",
    ]
    gone = read_yaml(SMALL)
    del gone["sessions"][1]
    lines = plan_import(yaml.safe_dump(gone).encode()).changes
    assert [line.split(":")[0] for line in lines] == ["- sessions[2024-01-18 09"]


def test_a_shift_keeps_weekdays_and_names_the_holidays():
    for path in COURSES:
        tree = canonical(checked(read(path.read_bytes())), file_parts.schema)
        moved = shifted(tree, date(2025, 9, 3), file_parts.schema)
        for old, new in zip(tree.get("sessions", []), moved.tree.get("sessions", []), strict=True):
            if "date" in old:
                assert date.fromisoformat(old["date"]).weekday() == date.fromisoformat(new["date"]).weekday()
        first = date.fromisoformat(moved.tree["course"]["starts_on"])
        assert date(2025, 9, 3) <= first <= date(2025, 9, 9)
        for item in moved.tree.get("sessions", []):
            if not item.get("class", True) and item["title"] != "--":
                assert any(item["title"] in note for note in moved.notes)
        text = yaml.safe_dump(read_yaml(yaml.safe_dump(moved.tree)))
        assert checked(read(text.encode()))


@pytest.mark.django_db
def test_a_shifted_course_imports_and_exports_equal_and_never_moves_work_under_people(cast, tmp_path):
    path = next(path for path in COURSES if "f23" in path.stem)
    plan = plan_import(path.read_bytes(), shift_to=date(2024, 8, 26))
    course = course_import(plan=plan)[0]
    assert (course.starts_on, course.term) == (date(2024, 8, 27), "Fall 2024")
    assert plan_import(path.read_bytes(), shift_to=date(2024, 8, 26)).changes == []
    assert read_yaml(course_export(course.slug))["sessions"][0]["date"] == date(2024, 8, 27)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    # At this hour of the night the shifted due time could be one that the clocks skip, which is refused first.
    cast.lab.set_dates(due=f"{timezone.now() + timedelta(days=2):%Y-%m-%d} 12:00")
    cast.lab.save()
    from courseplatform.core.errors import Conflict

    tree = read_yaml(course_export(cast.course.slug))
    with pytest.raises(Conflict) as refused:
        plan_import(yaml.safe_dump(tree).encode(), shift_to=date(2030, 1, 1))
    assert refused.value.code == "course_in_use"


@pytest.mark.parametrize(
    ("term", "wanted"), [("Fall 2023", "Fall 2025"), ("Fall 2019", "Fall 2019"), ("Autumn", "Autumn")]
)
def test_a_term_is_moved_on_only_where_it_is_that_of_the_days(term, wanted):
    tree = {"course": {"slug": "a", "title": "A", "term": term, "starts_on": "2023-08-29", "ends_on": "2023-12-08"}}
    moved = shifted(tree, date(2025, 9, 2), file_parts.schema)
    assert moved.tree["course"]["term"] == wanted
    assert any(wanted in note for note in moved.notes)


HOURS = """staff: [{name: Clara, role: ta}, {name: Jared, role: ta}, {name: New, role: ta}]
office_hours:
  - {who: Clara, weekday: tuesday, from: "13:00", to: "14:00"}
  - {who: Clara, weekday: friday, from: "13:00", to: "14:00"}
  - {who: Jared, weekday: thursday, from: "15:00", to: "16:00"}
"""


@pytest.mark.django_db
def test_an_office_hour_stays_the_row_of_its_person_when_another_comes_before_it():
    course, _ = course_import(plan=plan_import((SMALL + HOURS).encode()))
    before = {(hour.who, hour.weekday): hour.pk for hour in course.office_hours.all()}
    more = HOURS.replace(
        "office_hours:\n", "office_hours:\n  - {who: New, weekday: monday, from: '09:00', to: '10:00'}\n"
    )
    course_import(plan=plan_import((SMALL + more.replace("13:00", "13:15")).encode()))
    after = {(hour.who, hour.weekday): hour.pk for hour in course.office_hours.all()}
    assert {key: pk for key, pk in after.items() if key[0] != "New"} == before
    assert [hour.who for hour in course.office_hours.all()] == ["New", "Clara", "Clara", "Jared"]
