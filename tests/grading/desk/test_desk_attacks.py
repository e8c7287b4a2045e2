"""Hostile and unlucky forms at the desk, as text and on PostgreSQL: a sentence with a code, nothing lost, nothing twice."""

import pytest
from django.test import Client

from grading.grade_facts import grade_for
from grading.models import GradeEvent, GradeNow, GradingSheet, RubricItem
from tests.grading.desk.desks import again, essay, sheet_of
from tests.grading.desk.test_desk_pages import BOARD, JSON, sent, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
BIG = str(10**17)


@pytest.fixture
def lab(cast):
    lab = essay(cast)
    RubricItem.objects.create(assignment=lab, key="typed", title="Typed", points=2, position=9)
    return lab


@pytest.fixture
def sheet(client, cast, lab):
    sheet = sheet_of(cast, lab, None)
    text_of(client, cast.amit, sheet.get_absolute_url())
    return sheet


ODD = [
    "1e400",
    "-1e400",
    "NaN",
    "sNaN",
    "Infinity",
    "1\x00",
    "\x00",
    "9999999999",
    "-1",
    "1e-9",
    "0x10",
    "٣",
    "1_0",
    "²",
    "1e999999",
    "3.000000000000001",
    "\ud7ff",
    "<b>",
    "=1+1",
    "2.5\n",
]


def test_points_that_are_none_are_said_and_give_nothing(client, cast, lab, sheet):
    for typed in ODD:
        for act in ("save", "done"):
            more = {"shown": ["report", "why", "extra", "typed"], "points-typed": typed, "act": act}
            answer = sent(client, cast.amit, sheet, headers=JSON, **more)
            assert answer.status_code in (200, 400, 409, 422), (typed, act, answer.status_code)
        assert client.get(sheet.get_absolute_url()).status_code == 200, typed
    events = GradeEvent.objects.filter(item__key="typed")
    assert all(0 <= event.points <= 2 for event in events)


FIELDS = [
    "revision",
    "seen",
    "take_from",
    "item",
    "shown",
    "act",
    "tick-report",
    "tick-why",
    "comment",
    "points-report",
]
VALUES = ["\x00", "a\x00b", BIG, "9" * 30, "x" * 3000, "٣"]


def test_odd_fields_are_no_fault_of_ours(client, cast, lab, sheet):
    for field in FIELDS:
        for value in VALUES:
            for act in ("save", "done"):
                answer = sent(client, cast.amit, sheet, headers=JSON, **({"act": act} | {field: value}))
                assert answer.status_code in (200, 400, 409, 422), (field, value[:9], act, answer.status_code)
        assert client.get(sheet.get_absolute_url()).status_code == 200
    for act in ("take_over", "touch", "release"):
        assert sent(client, cast.amit, sheet, headers=JSON, act=act, take_from=BIG).status_code in (200, 409)


def test_odd_addresses_are_pages(client, cast, lab, sheet):
    client.force_login(cast.amit)
    desk = "/courses/odml/assignments/essay/desk/"
    for query in ("order=%00", "item=%00", "order=x&item=" + "y" * 900, "samples=%00", "item=why%00"):
        for address in (sheet.get_absolute_url(), f"{sheet.get_absolute_url()}live/", BOARD, desk):
            assert client.get(f"{address}?{query}").status_code in (200, 302), (address, query)
    for number in ("0", "10001", "2147483648", "9" * 19, "9" * 40):
        assert client.get(f"{desk}{number}/").status_code == 404 and client.post(f"{desk}{number}/").status_code == 404


def test_nobody_else_saves_whoever_asks(client, cast, lab, sheet):
    before = again(sheet)
    url = sheet.get_absolute_url()
    for person, status in ((cast.ruth, 403), (cast.daniel, 403), (cast.lena, 404), (cast.olu, None)):
        client.force_login(person)
        for act in ("save", "done", "take_over", "touch", "release", "reopen"):
            answer = client.post(url, {"act": act, "revision": before.revision, "take_from": cast.amit.pk}, **JSON)
            assert answer.status_code in ((status,) if status else (403, 404)), (person, act, answer.status_code)
    client.logout()
    assert client.post(url, {"act": "done"}).status_code in (302, 401, 403)
    assert again(sheet).claimed_by == cast.amit and again(sheet).revision == before.revision


def test_without_the_form_token_nothing_is_saved(cast, lab, sheet):
    mine = Client(enforce_csrf_checks=True)
    mine.force_login(cast.amit)
    assert (
        mine.post(
            sheet.get_absolute_url(), {"act": "save", "revision": again(sheet).revision, "comment": "x"}
        ).status_code
        == 403
    )
    assert again(sheet).comment == ""


def test_the_sample_of_another_grader_is_not_there(client, cast, lab, sheet):
    other = GradingSheet.objects.create(
        assignment=lab, purpose="sample", number=10_001, person=cast.ruth, submission=sheet.submission, sample_of=sheet, grader=cast.ines
    )  # fmt: skip
    client.force_login(cast.amit)
    for act in ("save", "done", "take_over", "reopen"):
        assert client.post(other.get_absolute_url(), {"act": act, "revision": 0}).status_code == 404
    assert client.get(other.get_absolute_url()).status_code == 404


def test_a_page_that_was_replayed_writes_nothing_twice(client, cast, lab, sheet):
    more = {
        "shown": ["report", "why", "extra", "typed"],
        "points-typed": "1",
        "act": "done",
        "comment": "Good.",
        "revision": again(sheet).revision,
    }
    assert sent(client, cast.amit, sheet, headers=JSON, **more).status_code == 200
    events = GradeEvent.objects.count()
    for _ in range(3):
        answer = sent(client, cast.amit, sheet, headers=JSON, **more)
        assert answer.status_code == 409 and answer.json()["error"]["code"] in ("done_already", "claim_lost")
    assert GradeEvent.objects.count() == events
    now = GradeNow.objects.get(assignment=lab, person=cast.ruth)
    assert now.points == grade_for(lab, cast.ruth).points


def test_an_option_of_another_item_or_assignment_is_not_kept(client, cast, lab, sheet):
    from tests.people import make_lab

    other = make_lab(cast.course, "other", bench_spec={}, points=3)
    RubricItem.objects.create(assignment=other, key="foreign", title="Foreign", points=3)
    more = {"shown": ["report", "why", "foreign"], "points-foreign": "3", "tick-foreign": "x"}
    sent(
        client,
        cast.amit,
        sheet,
        {"report": ["why", "complete"], "why": ["half", "only", "second"]},
        headers=JSON,
        **more,
    )
    assert again(sheet).ticks == {"report": ["complete"], "why": ["half", "only"]}
    answer = sent(
        client, cast.amit, sheet, {"report": ["complete"], "why": ["half", "only"]}, headers=JSON, act="done", **more
    )
    assert answer.status_code == 422 and not GradeEvent.objects.exists()


def test_a_body_of_ten_megabytes_is_refused(client, cast, lab, sheet):
    answer = sent(client, cast.amit, sheet, headers=JSON, comment="x" * 10_000_000)
    assert answer.status_code in (400, 413, 422), answer.status_code
    fields = {f"points-{n}": "1" for n in range(20_000)}
    assert sent(client, cast.amit, sheet, headers=JSON, **fields).status_code in (200, 400, 413, 422)
    assert again(sheet).comment == ""


def test_an_event_that_nobody_wrote_was_not_seen(client, cast, lab, sheet):
    """As a page says it whose people are in another team by now."""
    more = {"shown": ["report", "why", "extra", "typed"], "points-typed": "1", "act": "done", "seen": "77"}
    answer = sent(client, cast.amit, sheet, headers=JSON, **more)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "stale_grade")
    assert again(sheet).ticks["typed"] == "1" and again(sheet).done_at is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [("99999999", "points_out_of_range"), ("-1", "points_out_of_range"), ("1e-9", "too_many_decimals")],
)
def test_a_sample_takes_the_points_that_a_report_takes(client, cast, lab, sheet, typed, code):
    sample = GradingSheet.objects.create(
        assignment=lab, purpose="sample", number=10_001, person=cast.ruth, submission=sheet.submission, sample_of=sheet, grader=cast.amit
    )  # fmt: skip
    client.force_login(cast.amit)
    client.get(sample.get_absolute_url())
    more = {"shown": ["report", "why", "extra", "typed"], "points-typed": typed, "act": "done"}
    answer = sent(client, cast.amit, sample, headers=JSON, **more)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
