"""From an export to credits: who is who, what staff choose, once."""

from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseplatform.core.errors import AppError
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models import Notification
from courseplatform.participation.models import Credit, ImportAuthor, ImportBatch, ImportCandidate
from courseplatform.participation.services.credits import credit_withdraw
from courseplatform.participation.services.imports import author_match, import_close, import_count, import_create
from tests.courseplatform.participation.builders import (
    BONUS,
    PIAZZA_USERS,
    THREAD,
    many_students,
    on_disk,
    post,
    said,
    slack_files,
    slack_import,
    with_scheme,
    zipped,
)

pytestmark = pytest.mark.django_db
IMPORTS = "/courses/odml/participation/imports/"


@pytest.fixture(autouse=True)
def _scheme(cast):
    with_scheme(cast.course)


def count_all(cast, batch):
    return import_count(
        visit=cast.visit(cast.amit), batch=batch, candidates=batch.candidates.values_list("pk", flat=True)
    )


def test_nothing_counts_until_staff_choose(cast, tmp_path):
    batch = slack_import(cast, tmp_path)
    assert batch.candidates.count() == 2 and not Credit.objects.exists()
    assert count_all(cast, batch) == 2
    credit = Credit.objects.get(person=cast.ruth)
    assert (credit.kind, credit.channel, credit.reason) == (
        "question",
        "slack",
        "#general: Why does int8 lose accuracy here?",
    )
    assert credit.at.isoformat() == "2026-01-05T08:00:00.000100+00:00"


def test_a_second_import_of_the_same_and_of_a_longer_export_adds_only_what_is_new(cast, tmp_path):
    first = slack_import(cast, tmp_path)
    count_all(cast, first)
    longer = slack_import(cast, tmp_path, [*THREAD, said("U2", "1767600900.000000", "And float16?")])
    assert count_all(cast, longer) == 1 and count_all(cast, longer) == 0
    assert Credit.objects.count() == 3


def test_the_same_file_is_the_same_open_import(cast, tmp_path):
    file = zipped(tmp_path, slack_files(THREAD))
    found = [import_create(visit=cast.visit(cast.amit), upload=file) for _ in range(2)]
    assert [created for _, created in found] == [True, False] and found[0][0] == found[1][0]
    import_close(visit=cast.visit(cast.amit), batch=found[0][0])
    assert import_create(visit=cast.visit(cast.amit), upload=file)[1]


def test_what_was_taken_back_is_not_counted_again(cast, tmp_path):
    batch = slack_import(cast, tmp_path)
    count_all(cast, batch)
    credit_withdraw(visit=cast.visit(cast.helen), credit=Credit.objects.get(person=cast.ruth), why="not novel")
    assert count_all(cast, batch) == 0 and Credit.objects.valid().count() == 1


def test_staff_are_left_out_and_strangers_listed(cast, tmp_path):
    rows = [
        said("U3", "1767600001.0", "Any questions?"),
        said("U4", "1767600002.0", "Is it due today?"),
        said("W9", "1767600003.0", "who am I?"),
    ]
    batch = slack_import(cast, tmp_path, rows)
    assert set(batch.authors.values_list("key", "person")) == {("U4", None), ("W9", None)}
    assert batch.counts["by_staff"] == 1 and count_all(cast, batch) == 0


def test_a_match_by_hand_counts_and_is_known_in_the_next_import(cast, tmp_path):
    rows = [said("U4", "1767600002.0", "Is it due today?")]
    batch = slack_import(cast, tmp_path, rows)
    author_match(visit=cast.visit(cast.amit), author=batch.authors.get(), person=cast.sofia)
    assert count_all(cast, batch) == 1 and Credit.objects.get().person == cast.sofia
    import_close(visit=cast.visit(cast.amit), batch=batch)
    later = slack_import(cast, tmp_path, [*rows, said("U4", "1767600902.0", "And tomorrow?")])
    assert later.authors.get().person == cast.sofia and count_all(cast, later) == 1


def test_closing_forgets_the_texts_and_the_addresses(cast, tmp_path):
    batch = slack_import(cast, tmp_path, [*THREAD, said("U4", "1767600002.0", "Is it due today?")])
    author_match(visit=cast.visit(cast.amit), author=batch.authors.get(key="U4"), person=cast.sofia)
    for _ in range(2):
        import_close(visit=cast.visit(cast.amit), batch=batch)
    assert not ImportCandidate.objects.exists() and ImportAuthor.objects.get().emails == ""
    with pytest.raises(AppError) as refused:
        count_all(cast, batch)
    assert refused.value.code == "import_closed"


def test_each_person_is_told_once_for_a_choice(cast, tmp_path):
    batch = slack_import(cast, tmp_path, [*THREAD, said("U1", "1767600900.000000", "And float16?")])
    count_all(cast, batch)
    assert dict(Notification.objects.values_list("person__name", "title")) == {
        "Ruth": "2 participation credits from Slack", "Daniel": "1 participation credit from Slack",
    }  # fmt: skip


def test_who_left_the_course_is_not_credited(cast, tmp_path):
    batch = slack_import(cast, tmp_path)
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    assert count_all(cast, batch) == 1


def test_piazza_counts_towards_the_top_contributors_and_hides_names(cast, tmp_path):
    with_scheme(cast.course, BONUS)
    hidden = [{"uid": "pz1", "anon": "stud", "subject": "Lab", "content": "Why?", "created": "2026-01-05T12:00:00Z"}]
    answer = {
        "type": "s_answer",
        "history": [{"uid": "pz2", "anon": "no", "content": "So.", "created": "2026-01-05T13:00:00Z"}],
    }
    content, users = (
        on_disk(tmp_path, [post(history=hidden, children=[answer])], "class_content.json"),
        on_disk(tmp_path, PIAZZA_USERS, "users.csv"),
    )
    batch, _ = import_create(visit=cast.visit(cast.amit), upload=content, users=users)
    assert batch.kind == "piazza" and batch.authors.get(key="pz1").person == cast.ruth
    count_all(cast, batch)
    asked, answered = Credit.objects.get(person=cast.ruth), Credit.objects.get(person=cast.daniel)
    assert asked.channel == "piazza" and "Ruth" not in asked.reason + answered.reason


def test_a_zip_of_piazza_brings_its_users(cast, tmp_path):
    files = {"export/class_content.json": [post()], "export/users.csv": PIAZZA_USERS}
    batch, _ = import_create(visit=cast.visit(cast.amit), upload=zipped(tmp_path, files))
    assert batch.authors.get().person == cast.ruth


# -- pages -------------------------------------------------------------------------------------------------------------


def upload(client, content, name="export.zip", **more):
    return client.post(f"{IMPORTS}read/", {"export": SimpleUploadedFile(name, content), **more})


def test_the_way_through_the_pages(client, cast, tmp_path):
    client.force_login(cast.amit)
    rows = [
        *THREAD,
        said("U4", "1767600002.0", "Is it &lt;b&gt;due&lt;/b&gt; today?"),
        said("U2", "1767600900.0", "And float16?"),
    ]
    answer = upload(client, zipped(tmp_path, slack_files(rows)).path.read_bytes())
    address = urlsplit(answer.url).path
    page = client.get(address)
    assert [tab["count"] for tab in page.context["tabs"]] == [3, 2, 1, 0, 1]
    author = page.context["unmatched"][0]
    refused = client.post(f"{address}match/", {"author": author.pk, "email": "lena@example.edu"}, follow=True)
    assert "Nobody in this course" in refused.content.decode() and ImportAuthor.objects.get(pk=author.pk).person is None
    client.post(f"{address}match/", {"author": author.pk, "email": "SOFIA@example.edu"})
    shown = client.get(address, {"find": "due"})
    assert "Is it &lt;b&gt;due&lt;/b&gt; today?" in shown.content.decode()
    (candidate,) = shown.context["page"].object_list
    client.post(f"{address}count/", {"candidate": [candidate.pk, "x", 10**30]})
    assert Credit.objects.get().person == cast.sofia
    client.post(f"{address}count/", {"all": "1", "show": "answer"})
    assert set(Credit.objects.values_list("person__name", flat=True)) == {"Sofia", "Daniel"}
    client.post(f"{address}match/", {"author": author.pk, "email": ""})
    client.post(f"{address}close/")
    assert "This import is closed" in client.get(address).content.decode() and not ImportCandidate.objects.exists()
    assert client.post(f"{address}count/", {"all": "1"}).status_code == 409
    assert Credit.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"nonsense", "bad_json"), (b"PK nonsense", "not_a_zip"), (b"[]", "not_an_export"), (b"[" * 99_999, "bad_json"), (b'["\xe9"]', "wrong_encoding")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_said_under_the_field(client, cast, content, code):
    client.force_login(cast.amit)
    answer = upload(client, content, channels="labs")
    assert answer.status_code == 422 and answer.context["error"].code == code
    assert 'id="i-error"' in answer.content.decode() and 'value="labs"' in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_no_file_and_an_empty_one_are_said_so(client, cast, tmp_path):
    client.force_login(cast.amit)
    assert client.post(f"{IMPORTS}read/", {}).context["error"].code == "no_file"
    with pytest.raises(AppError) as refused:
        import_create(visit=cast.visit(cast.amit), upload=on_disk(tmp_path, b"", "a.json"))
    assert refused.value.code == "empty_file"


def test_another_courses_import_is_not_there(client, cast, tmp_path):
    batch = slack_import(cast, tmp_path)
    ImportBatch.objects.update(course=cast.other_course)
    client.force_login(cast.amit)
    assert client.get(f"{IMPORTS}{batch.pk}/").status_code == 404
    for act in ("match", "count", "close"):
        assert client.post(f"{IMPORTS}{batch.pk}/{act}/").status_code == 404


def test_an_author_or_candidate_of_another_import_is_not_touched(client, cast, tmp_path):
    one, other = (
        slack_import(cast, tmp_path),
        slack_import(cast, tmp_path, [said("U4", "1767600002.0", "x?"), said("U1", "1767600009.0", "y?")]),
    )
    client.force_login(cast.amit)
    assert (
        client.post(
            f"{IMPORTS}{one.pk}/match/", {"author": other.authors.get(key="U4").pk, "email": "sofia@example.edu"}
        ).status_code
        == 404
    )
    client.post(f"{IMPORTS}{one.pk}/count/", {"candidate": [other.candidates.last().pk]})
    assert not Credit.objects.exists()


def test_students_never_see_imports(client, cast, tmp_path):
    batch = slack_import(cast, tmp_path)
    client.force_login(cast.ruth)
    assert client.get(IMPORTS).status_code == client.get(f"{IMPORTS}{batch.pk}/").status_code == 403


@pytest.mark.parametrize("count", [5, 600])
def test_a_large_export_is_shown_in_a_fixed_number_of_queries(
    client, cast, tmp_path, count, django_assert_max_num_queries
):
    people = many_students(cast.course, count)
    users = [{"id": f"V{n}", "profile": {"email": person.email}} for n, person in enumerate(people)]
    rows = [said(f"V{n}", f"17676{n:05}.000000", f"Question {n}?") for n in range(count)]
    strangers = [said(f"W{n}", f"17677{n:05}.000000", f"Question {n}?") for n in range(count)]
    file = zipped(tmp_path, slack_files(rows + strangers, **{"users.json": users}))
    batch, _ = import_create(visit=cast.visit(cast.amit), upload=file)
    client.force_login(cast.amit)
    with django_assert_max_num_queries(16):
        page = client.get(f"{IMPORTS}{batch.pk}/")
    assert page.context["page"].paginator.count == count
    client.post(f"{IMPORTS}{batch.pk}/count/", {"all": "1"})
    assert Credit.objects.count() == count
