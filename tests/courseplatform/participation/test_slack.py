"""Exports of Slack: what is proposed, what is left out and why."""

import pytest

from courseplatform.core.errors import BadInput
from courseplatform.participation.imports import archive, slack
from tests.courseplatform.participation.builders import THREAD, said, slack_files, zipped


def read(folder, messages=(), *, channels=frozenset(), prefix="", **more):
    files = {f"{prefix}{name}": content for name, content in slack_files(list(messages), **more).items()}
    with archive.opened(zipped(folder, files).path) as opened:
        return slack.read_slack(opened, channels)


def kinds(export):
    return {(found.author_key, found.kind) for found in export.found.values()}


def test_a_question_and_its_answer_are_proposed(tmp_path):
    export = read(tmp_path, THREAD)
    assert kinds(export) == {("U1", "question"), ("U2", "answer")}
    assert export.found["slack:C1:1767600000.000100:U1"].place == "#general"
    assert export.authors["U1"].emails == ("ruth@example.edu",)


def test_the_asker_does_not_answer_and_several_replies_are_one(tmp_path):
    start = THREAD[0]["ts"]
    more = [said("U1", "1767600070.000000", "Thanks", start), said("U2", "1767600080.000000", "And clip it.", start)]
    export = read(tmp_path, [*THREAD, *more])
    assert kinds(export) == {("U1", "question"), ("U2", "answer")}
    assert export.found[f"slack:C1:{start}:U2"].more == 1 and export.counts["own_thread"] == 1


@pytest.mark.parametrize(
    "row",
    [
        said("U1", "1767600001.0", "x?", subtype="channel_join"),
        said("U1", "1767600001.0", "x?", subtype="tombstone"),
        said("U1", "1767600001.0", "x?", subtype="message_deleted"),
        said("U1", "1767600001.0", "x?", subtype="bot_message"),
        said("U1", "1767600001.0", "x?", bot_id="B1"),
        said("U1", "1767600001.0", "x?", hidden=True),
        said("USLACKBOT", "1767600001.0", "x?"),
        {"user": "U1", "ts": "1767600001.0", "text": "x?"},
    ],
)
def test_service_lines_are_skipped_and_counted(tmp_path, row):
    export = read(tmp_path, [row])
    assert not export.found and export.counts["service"] == 1


@pytest.mark.parametrize(
    "row",
    [
        3,
        "x",
        None,
        [],
        said("", "1767600001.0", "x?"),
        said("U1", "soon", "x?"),
        said("U1", "9" * 99, "x?"),
        said(7, 8, 9),
    ],
)
def test_nonsense_rows_are_nobodys(tmp_path, row):
    assert not read(tmp_path, [row]).found


@pytest.mark.parametrize(
    "text", ["see https://example.edu/?id=3", "`a ? b : c`", "```\nx?\n```", "a statement", None, 7]
)
def test_a_question_mark_in_code_or_an_address_asks_nothing(tmp_path, text):
    export = read(tmp_path, [said("U1", "1767600001.0", text)])
    assert not export.found and export.counts["not_question"] == 1


def test_in_a_chosen_channel_every_thread_is_a_question(tmp_path):
    rows = [said("U1", "1767600001.0", "the loss is nan"), said("U2", "1767600002.0", "lower the rate", "1767600001.0")]
    assert not read(tmp_path, rows).found
    assert kinds(read(tmp_path, rows, channels=frozenset({"general"}))) == {("U1", "question"), ("U2", "answer")}


def test_a_broadcast_reply_counts_once_in_both_of_its_forms(tmp_path):
    start = THREAD[0]["ts"]
    same = said("U2", THREAD[1]["ts"], THREAD[1]["text"], start, subtype="thread_broadcast")
    older = said("U2", "1767600060.000900", THREAD[1]["text"], start, subtype="reply_broadcast")
    export = read(tmp_path, [*THREAD, same, older])
    assert len(export.found) == 2 and export.counts["repeated"] == 2
    assert export.found[f"slack:C1:{start}:U2"].more == 0


def test_a_reply_whose_thread_begins_elsewhere_is_left_out(tmp_path):
    export = read(tmp_path, [THREAD[1]])
    assert not export.found and export.counts["no_thread_start"] == 1


def test_private_channels_and_direct_messages_are_never_opened(tmp_path):
    bomb = b"this is not JSON and would be refused if it were read"
    more = {"secret/2026-01-05.json": bomb, "D024BE7LR/2026-01-05.json": bomb, "mpdm-a--b-1/2026-01-05.json": bomb,
            "groups.json": [{"name": "secret"}, {"name": "general2"}], "dms.json": [{"id": "D024BE7LR"}]}  # fmt: skip
    export = read(tmp_path, THREAD, **more)
    assert len(export.found) == 2 and export.counts["private"] == 3


@pytest.mark.parametrize("mark", [{"is_private": True}, {"is_im": True}, {"is_mpim": True}])
def test_a_channel_that_says_it_is_private_is_not_opened(tmp_path, mark):
    files = {"channels.json": [{"id": "C1", "name": "general"} | mark]}
    assert not read(tmp_path, THREAD, **files).found
    assert not read(tmp_path, THREAD, **{"groups.json": [{"name": "general"}]}).found


def test_an_author_who_is_in_no_list_keeps_the_name_of_the_message(tmp_path):
    export = read(tmp_path, [said("W9", "1767600001.0", "why?", user_profile={"real_name": "Guest\x00 \ud800"})])
    assert export.authors["W9"].name == "Guest ?" and export.authors["W9"].emails == ()


def test_a_zip_of_an_unpacked_export_is_read_too(tmp_path):
    assert len(read(tmp_path, THREAD, prefix="My Slack export/").found) == 2


def test_mentions_and_links_lose_names_and_addresses(tmp_path):
    rows = [
        said("U1", "1767600001.0", "<@U2|daniel> see <https://a.b/c|this> in <#C2|labs> &amp; tell <!channel>, ok?")
    ]
    (found,) = read(tmp_path, rows).found.values()
    assert found.excerpt == "@somebody see this in #labs & tell @all, ok?"


def test_an_excerpt_is_short_and_plain(tmp_path):
    (found,) = read(tmp_path, [said("U1", "1767600001.0", "\x00why?\n\x1b[1m " + "long " * 9000)]).found.values()
    assert len(found.excerpt) <= 200 and found.excerpt.startswith("why? [1m long")


def test_a_zip_of_something_else_is_said_so(tmp_path):
    with pytest.raises(BadInput) as refused, archive.opened(zipped(tmp_path, {"a.json": []}).path) as opened:
        slack.read_slack(opened, frozenset())
    assert refused.value.code == "not_an_export"


@pytest.mark.parametrize(
    "lists",
    [
        {"channels.json": {}},
        {"users.json": {"a": 1}},
        {"channels.json": [{"name": "../x"}, {"name": 7}, 3]},
        {"users.json": [{"id": 3}, {"id": "U1", "profile": 4}]},
    ],
)
def test_lists_of_another_shape_break_nothing(tmp_path, lists):
    assert read(tmp_path, THREAD, **lists) is not None
