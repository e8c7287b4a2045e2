"""Receipts: signed before anything is queued, mailed, and told apart from forged ones."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from courseplatform.notices.models.notifications import Notification
from grading.handing_in.receipts import BEGIN, END, NotGenuine, armoured, sign, verify
from grading.models import Submission
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def run(text, tmp_path):
    path = tmp_path / "mail.txt"
    path.write_text(text)
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_receipt", str(path), stdout=out, stderr=err)
    except SystemExit as end:
        return end.code, out.getvalue() + err.getvalue()
    return 0, out.getvalue()


def test_a_receipt_says_hash_time_with_zone_attempt_and_what_it_costs(cast, tmp_path):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    facts = verify(submission.signature)
    assert (facts["receipt"], facts["attempt"], facts["owner"], facts["file"]["sha256"]) == (
        submission.receipt, 1, "Ruth", submission.sha256,
    )  # fmt: skip
    assert facts["zone"] == "America/New_York" and facts["received_at"][-6:] in {"-05:00", "-04:00"}
    assert (facts["late"]["days_late"], facts["late"]["free_days_used"], facts["late"]["max_percent"]) == (2, 2, 100)


def test_it_is_mailed_to_the_sender_and_told_to_the_team(cast, tmp_path):
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    cast.lab.save()
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    told = {row.person: row for row in Notification.objects.filter(kind="hand_in")}
    assert set(told) == {cast.ruth, cast.daniel}
    assert verify(told[cast.ruth].text)["receipt"] == submission.receipt
    assert told[cast.daniel].title == "Ruth handed in Lab 1: Basics for Magpie, attempt 1"


def test_a_genuine_one_is_found_in_a_forwarded_mail(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    quoted = "\n".join(f"> {line}" for line in f"Hello\n{armoured(submission.signature)}\nRuth".splitlines())
    code, said = run(quoted, tmp_path)
    assert (code, submission.receipt in said, submission.sha256 in said) == (0, True, True)


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_changed_letter_is_seen(cast, tmp_path, place):
    signature = list(hand_in(cast, cast.ruth, onnx_like(tmp_path)).signature)
    signature[place] = "A" if signature[place] != "A" else "B"
    code, said = run("".join(signature), tmp_path)
    assert code == 1 and "not_genuine" in said


def test_a_receipt_of_another_site_is_not_genuine(cast, settings, tmp_path):
    settings.SECRET_KEY = "another key that is long enough for nobody"
    foreign = sign({"receipt": "L1-1-ABCDEF"})
    settings.SECRET_KEY = "the key of this site, which is long enough too"
    with pytest.raises(NotGenuine):
        verify(foreign)


def test_an_older_key_is_accepted_while_it_is_kept(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the old key of this site, long enough", []
    signed = sign({"receipt": "L1-1-ABCDEF"})
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key of this site, long enough", [settings.SECRET_KEY]
    assert verify(signed) == {"receipt": "L1-1-ABCDEF"}


def test_a_stored_file_that_changed_is_seen(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    with open(submission.model_file.path, "ab") as stream:
        stream.write(b"more")
    code, said = run(submission.signature, tmp_path)
    assert code == 1 and "another hash than was received" in said


def test_a_receipt_whose_hand_in_is_gone_is_genuine_and_differs(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    Submission.objects.filter(pk=submission.pk).update(receipt="OTHER")
    code, said = run(submission.signature, tmp_path)
    assert code == 1 and said.startswith("genuine") and "No hand-in of this receipt" in said


@pytest.mark.parametrize("text", ["", "hello", f"{BEGIN}\n{END}", "a:b:c", "x" * 200_000, "\x00\x01", "é" * 30])
def test_what_is_no_receipt_is_said_to_be_none(text, tmp_path):
    code, said = run(text, tmp_path)
    assert code == 1 and said.startswith("not_genuine")


def test_a_mail_without_the_block_is_not_called_a_changed_receipt():
    with pytest.raises(NotGenuine, match="holds no receipt"):
        verify("Receipt L1-1-ABCDEF\nWho: Ruth\nSignature: signed by this site; staff can verify it")


def test_a_file_that_is_not_there_ends_with_2(tmp_path):
    err = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify_receipt", str(tmp_path / "no.txt"), stderr=err)
    assert end.value.code == 2 and err.getvalue().startswith("cannot_be_read")


def test_the_receipt_is_signed_before_the_run_is_queued_and_with_it(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    facts = verify(submission.signature)
    assert submission.runs.get().queued_at >= submission.received_at - timedelta(seconds=1)
    assert facts["received_at"] <= timezone.now().astimezone(cast.course.tz).isoformat()
