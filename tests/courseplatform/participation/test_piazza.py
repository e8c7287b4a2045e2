"""Exports of Piazza: what is proposed, what is left out and why."""

import json

import pytest

from courseplatform.core.errors import BadInput
from courseplatform.participation.imports.piazza import emails_of, read_piazza
from tests.courseplatform.participation.builders import PIAZZA_USERS, post


def read(posts, users=PIAZZA_USERS):
    return read_piazza(json.dumps(posts).encode(), users)


def child(kind, uid="pz2", text="Try 32.", **more):
    when = "2026-01-05T13:00:00Z"
    if kind in ("s_answer", "i_answer"):
        return {
            "type": kind,
            "history": [{"uid": uid, "anon": "no", "content": text, "created": when}],
            "children": [],
        } | more
    return {"type": kind, "uid": uid, "anon": "no", "subject": text, "created": when, "children": []} | more


def proposed(export):
    return {(found.author_key, found.kind) for found in export.found.values()}


def test_a_question_and_a_students_answer_are_proposed(tmp_path):
    export = read([post(children=[child("s_answer"), child("i_answer", "pz9")])])
    assert proposed(export) == {("pz1", "question"), ("pz2", "answer")}
    question = export.found["piazza:p1:pz1"]
    assert (question.place, question.excerpt) == ("Post 7: Lab 2", "Lab 2: Which batch size?")
    assert question.at.isoformat() == "2026-01-05T12:00:00+00:00" and export.counts["by_staff"] == 1


def test_every_editor_of_an_answer_is_proposed_once_and_the_asker_never():
    history = [
        {"uid": uid, "anon": "no", "content": uid, "created": "2026-01-05T13:00:00Z"}
        for uid in ("pz3", "pz1", "pz2", "pz3")
    ]
    export = read([post(children=[child("s_answer", history=history)])])
    assert proposed(export) == {("pz1", "question"), ("pz2", "answer"), ("pz3", "answer")}
    assert export.counts["own_thread"] == 1 and export.found["piazza:p1:pz3"].more == 1


def test_the_oldest_version_says_who_asked_and_the_newest_what():
    history = [{"uid": "pz9", "anon": "no", "subject": "edited", "content": "new?", "created": "2026-01-06T12:00:00Z"},
               {"uid": "pz1", "anon": "no", "subject": "old", "content": "old?", "created": "2026-01-05T12:00:00Z"}]  # fmt: skip
    (found,) = read([post(history=history)]).found.values()
    assert found.author_key == "pz1" and found.excerpt == "edited: new?" and found.at.day == 5


def test_follow_ups_nest_and_a_person_counts_once_for_a_thread():
    deep = child("feedback", "pz3", "And with momentum?")
    export = read([post(children=[child("followup", "pz2", "Same here?", children=[deep]), child("s_answer", "pz2")])])
    assert proposed(export) == {("pz1", "question"), ("pz2", "answer"), ("pz3", "question")}


def test_hidden_from_classmates_is_credited_and_marked():
    history = [{"uid": "pz1", "anon": "no", "subject": "a", "content": "b?", "created": "2026-01-06T12:00:00Z"},
               {"uid": "pz1", "anon": "stud", "subject": "a", "content": "b?", "created": "2026-01-05T12:00:00Z"}]  # fmt: skip
    (found,) = read([post(history=history)]).found.values()
    assert found.is_anonymous


def test_hidden_from_everybody_is_nobodys():
    export = read(
        [post(history=[{"anon": "full", "subject": "a", "content": "b?", "created": "2026-01-05T12:00:00Z"}])]
    )
    assert not export.found and export.counts["nameless"] == 1


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "private"}, "private"),
        ({"status": "deleted"}, "service"),
        ({"config": {"is_default": 1}}, "service"),
    ],
)
def test_private_deleted_and_default_posts_are_left_out_with_all_below(more, reason):
    export = read([post(children=[child("s_answer")], **more)])
    assert not export.found and export.counts[reason] == 1


def test_a_note_is_no_question_and_what_is_asked_below_it_is():
    export = read([post(type="note", children=[child("followup", "pz2", "Is it due today?")])])
    assert proposed(export) == {("pz2", "question")} and export.counts["notes"] == 1


@pytest.mark.parametrize(
    ("users", "emails"),
    [
        (PIAZZA_USERS, ("ruth.old@example.com", "ruth@example.edu")),
        (b'Email.UID,LTI Ids\nRuth@example.edu,pz1,"a.edu__1, a.edu__2"\n', ("ruth@example.edu",)),
        (
            b'[{"user_id": "pz1", "name": "Ruth", "email": "ruth@example.edu; r@example.com", "role": "student"}, 3]',
            ("ruth@example.edu", "r@example.com"),
        ),
        (b'[{"id": "pz1", "emails": ["ruth@example.edu"]}]', ("ruth@example.edu",)),
        ("﻿email,user_id\nruth@example.edu,pz1\n".encode(), ("ruth@example.edu",)),
        ("email,uid\nruth@example.edu,pz1\n".encode("utf-16"), ("ruth@example.edu",)),
        (None, ()),
    ],
)
def test_the_list_of_users_is_read_in_each_of_its_forms(users, emails):
    assert read([post()], users).authors["pz1"].emails == emails


@pytest.mark.parametrize(
    ("users", "code"),
    [
        (b"name,role\nRuth,student\n", "bad_users"),
        (b"", "bad_users"),
        (b"email,uid\n\xff\xfe\xfa", "wrong_encoding"),
        (b"[{", "bad_json"),
        (b"email,uid\n" + b'"' + b"x" * 140_000, "bad_users"),
    ],
)
def test_a_list_of_users_that_cannot_be_read_is_said_so(users, code):
    with pytest.raises(BadInput) as refused:
        read([post()], users)
    assert refused.value.code == code


@pytest.mark.parametrize("content", [b"{}", b"[]", b"[1, 2]", b'[{"id": "x"}]', b'"history"'])
def test_json_without_posts_is_no_export(content):
    with pytest.raises(BadInput) as refused:
        read_piazza(content, None)
    assert refused.value.code == "not_an_export"


@pytest.mark.parametrize(
    "broken",
    [{"history": []}, {"history": 3}, {"history": [3]}, {"id": None}, {"children": 3}, {"children": [3, {"type": []}]}, {"config": 3}, {"nr": {}},
     {"history": [{"uid": "pz1", "created": "9999-12-31T23:59:59-23:00"}]}, {"history": [{"uid": 3, "created": 3, "subject": 3}]}],
)  # fmt: skip
def test_broken_posts_break_nothing(broken):
    export = read([post("p2"), post(**broken)])
    assert "piazza:p2:pz1" in export.found


def test_several_addresses_of_a_cell_are_found():
    assert emails_of(" A@x.edu;b@y.edu, <c@z.edu>\nno-address ") == ("a@x.edu", "b@y.edu", "c@z.edu")
