"""The deployment as a whole: all services of docker/compose.yml, browsers through TLS, a rush, a bad night, and a backup in an empty stack.

One stack for all of it, in the order of this file. PostgreSQL, Redis and the proxy are Debian's packages, S3 is a stand-in: moto, in memory.
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browsing import launched, windows
from tests.docker import stack_faults
from tests.docker.stack import CONTENT, SITE, Stack, build_images
from tests.journeys.world import wait_for
from tests.load import deadline_rush
from tests.parts import ROOT

pytestmark = [
    pytest.mark.skipif(not os.environ.get("STACK"), reason="a session of its own (STACK=1)"),
    *(pytest.mark.part(name) for name in ("docker", "compose", "chromium", "stack")),
]
MODEL = ROOT / "grading" / "demo" / "models" / "digits-middle-int8.tflite"
STUDENTS, HAND_INS, FAULTED, RUSH_S = 60, 30, 52, 60
REPORT = """
from grading.models.pieces import Piece
print(Piece.objects.filter(file_name__endswith=".pdf", person__email__startswith="ruth").first().pk)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    try:
        build_images()
    except AssertionError as error:
        if os.environ.get("REQUIRE") == "all":
            raise
        pytest.skip(f"the images of the stack cannot be built here: {str(error)[-200:]}")
    running = Stack(tmp_path_factory.mktemp("stack"))
    try:
        running.bring_up()
        yield running
    finally:
        running.down()


@pytest.fixture
def tab(stack):
    """A visitor whose DNS knows both names, and who believes the proxy's own CA. A browser a test: the rush needs asyncio for itself."""
    names = ", ".join(f"MAP {name}:443 127.0.0.1:{stack.port}" for name in (SITE, CONTENT))
    with launched(f"--host-resolver-rules={names}") as browser, windows(browser, f"https://{SITE}") as opened:
        page, wrong = opened(ignore_https_errors=True), []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
    assert wrong == []


def sign_in(tab, person):
    tab.context.clear_cookies()
    tab.goto("/accounts/login/")
    tab.locator(f'[data-demo-account^="{person}"]').click()
    expect(tab.get_by_role("navigation", name="Course")).to_be_visible()


def test_the_running_web_has_nothing_to_say_about_its_deployment(stack):
    """But for the demo, which its visitors need and a deployment must not have."""
    words = ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    with pytest.raises(AssertionError, match=r"milliamp.E001\) Demo mode is on(?s:.*)identified 1 issue"):
        stack.compose("exec", "-T", "web", *words)
    assert "no issues" in stack.compose("exec", "-T", "-e", "DEMO=0", "web", *words)


def test_a_student_hands_in_and_sees_what_was_measured(stack, tab):
    sign_in(tab, "sofia")
    tab.goto("/courses/demo/assignments/lab3/")
    tab.locator("#model").set_input_files(str(MODEL))
    watch = tab.get_by_role("link", name="Watch attempt").or_(tab.get_by_role("link", name="See the result"))
    watch.click(timeout=60_000)
    expect(tab.get_by_text("measured points")).to_be_visible(timeout=180_000)
    stack.seen[tab.url] = tab.locator("h1").inner_text()


def test_the_staff_find_it_among_all_hand_ins(tab):
    sign_in(tab, "amit")
    tab.goto("/courses/demo/submissions/?assignment=lab3")
    row = tab.get_by_role("row").filter(has_text="Sofia").first
    expect(row).to_be_visible()
    row.get_by_role("link").first.click()
    expect(tab.locator("h1")).to_contain_text("Lab 3")


def test_an_instructor_announces_and_a_student_reads_it(stack, tab):
    sign_in(tab, "helen")
    tab.goto("/courses/demo/announcements/new/")
    tab.get_by_label("Title").fill("Lab 3 is due soon")
    tab.get_by_label("Text").fill("Hand in **early**.")
    tab.get_by_role("button", name="Publish").click()
    expect(tab.get_by_role("heading", name="Lab 3 is due soon")).to_be_visible()
    sign_in(tab, "sofia")
    tab.goto("/courses/demo/announcements/")
    tab.get_by_role("link", name="Lab 3 is due soon").first.click()
    expect(tab.locator(".prose strong", has_text="early")).to_be_visible()
    stack.seen[tab.url] = tab.locator("h1").inner_text()


def asked(stack, method, path, **headers):
    """(status, headers, text) of one request through the proxy."""
    with closing(stack.door.line(60)) as line:
        line.request(method, path, headers=stack.door.headers | headers)
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read().decode()


def test_what_is_too_large_is_told_so_before_it_is_sent(stack):
    """A form, a piece of an upload, a file in one: the proxy passes none of it on, and says what would fit."""
    for path, size_bytes in (("/", 64 << 20), ("/uploads/1", 8 << 20), ("/courses/demo/", 501 << 20)):
        headers = {"Content-Length": str(size_bytes + 1)}
        status, _, page = asked(stack, "POST", path, **headers)
        assert (status, "larger than the site takes" in page) == (413, True), path
        status, _, said = asked(stack, "POST", path, Accept="application/json", **headers)
        assert (status, json.loads(said)["error"]["code"]) == (413, "too_large")
    assert asked(stack, "GET", "/accounts/login/")[0] == 200


def test_while_no_web_server_answers_the_proxy_says_so_and_when_to_come_again(stack):
    stack.compose("stop", "-t", "5", "web")
    status, headers, page = asked(stack, "GET", "/courses/demo/")
    assert (status, headers["Retry-After"], "<h1>The site does not answer just now</h1>" in page) == (502, "10", True)
    status, _, said = asked(stack, "GET", "/api/v1/me/")
    assert (status, json.loads(said)["error"]["code"]) == (502, "site_away")
    stack.compose("start", "web")
    wait_for(lambda: stack.answers("/accounts/login/"), 180, "the web server")


def test_a_rush_through_the_proxy_fails_no_request_and_loses_no_hand_in(stack, capsys):
    wait_for(stack.is_idle, 180, "the demo")
    rush = argparse.Namespace(
        students=STUDENTS, uploads=HAND_INS, seconds=RUSH_S, poll_s=5, seed=20, largest_mib=4, no_drain=True
    )
    wrong = deadline_rush.play(stack, rush)
    table = capsys.readouterr().out
    with capsys.disabled():
        print(f"\n{table}")
    assert wrong == [] and f"{HAND_INS} receipts" in table


def test_hand_ins_are_graded_once_each_while_services_are_killed_and_cut_off(stack, capsys):
    made = [sys.executable, "-m", "tests.load.outages.world_made", "10", "20", "5400"]
    done = subprocess.run(made, cwd=ROOT, env=os.environ | stack.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    wrong, told = stack_faults.play(stack, json.loads(done.stdout.splitlines()[-1]), FAULTED)
    with capsys.disabled():
        print(f"\n{told}")
    assert wrong == []
    # What the rush left in line went through the same night: measured once, or kept for the staff (most of such a file is no model).
    ends = stack.rows(
        "select count(*), count(distinct r.submission_id), count(*) filter"
        " (where (j.status, j.outcome) = ('finished', 'measured') and x.id is not null or j.status = 'parked' and x.id is null)"
        " from grading_run r join hardware_job j on j.id = r.job_ptr_id left join grading_result x on x.run_id = j.id"
        " join grading_submission s on s.id = r.submission_id where s.file_name like 'rush-%'"
    )
    assert ends == [(HAND_INS, HAND_INS, HAND_INS)]


def kept(stack):
    """receipt -> what is stored, of everything that was handed in here."""
    rows = stack.rows("select receipt, model_file, sha256 from grading_submission where file_name ~ '^(rush-|m[0-9])'")
    stored = stack.digests([name for _, name, _ in rows])
    assert [receipt for receipt, name, digest in rows if stored[name] != digest] == []
    return {receipt: digest for receipt, _, digest in rows}


def test_all_of_it_is_there_in_an_empty_stack_after_a_restore(stack, tab):
    before = kept(stack)
    assert len(before) == HAND_INS + FAULTED
    stack.compose("run", "--rm", "backup")
    (made,) = [path.name for path in stack.backups.iterdir() if path.is_dir() and not path.name.startswith(".")]
    stack.compose("down", "-v", "-t", "5")
    stack.compose("up", "-d", "db", "redis", "s3")
    restore = f"python manage.py prepare_store && python manage.py restore /backups/{made}"
    stack.compose("run", "--rm", "backup", "sh", "-c", restore)
    stack.up()
    assert kept(stack) == before
    sign_in(tab, "sofia")  # sessions do not survive a restore
    for address, title in stack.seen.items():
        tab.goto(address)
        expect(tab.locator("h1")).to_have_text(title)
    # A file of before is in the store again, and comes under the other name.
    sign_in(tab, "ruth")
    fetched = "url => fetch(url).then(async (answer) => [answer.url, (await answer.text()).slice(0, 5)])"
    url, begins = tab.evaluate(fetched, f"/courses/demo/pieces/{stack.shell(REPORT)}/pdf/")
    assert url.startswith(f"https://{CONTENT}/") and begins == "%PDF-"
