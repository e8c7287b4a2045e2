"""Fixtures for all tests: the cast, the data directory of one test, and real parts that are there or named as missing."""

import gc
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings

from tests import flushing, parts

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in the test's thread
os.environ.setdefault("MILLIAMP_FIGURES", "")  # docs/figures.md is for what `make figures` measures
REQUIRED = os.environ.get("REQUIRE") == "all"
WHOLE = "WHOLE" in os.environ  # long proofs as they are; else in the form that the rest of the suite has of them


def folders_in(path):
    """The settings of a data directory."""
    return {
        "DATA_DIR": path, "MEDIA_ROOT": path / "media", "INCOMING_DIR": path / "incoming", "UPLOADS_DIR": path / "uploads",
    }  # fmt: skip


@pytest.fixture
def data_dir(settings, tmp_path):
    """A data directory of this test's own."""
    for name, folder in folders_in(tmp_path).items():
        setattr(settings, name, folder)
    return tmp_path


@pytest.fixture(scope="module")
def module_dir(django_db_setup, django_db_blocker, tmp_path_factory):
    """For what takes seconds to make and is only looked at: rows and files that all tests of one module share.

    A data directory, inside a transaction around the module. Each test that uses the database stands in a savepoint of its own,
    so that none sees what another has changed; the instances in memory are shared, and not to be changed.
    """
    folder = tmp_path_factory.mktemp("module")
    with django_db_blocker.unblock(), override_settings(**folders_in(folder)), transaction.atomic():
        yield folder
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def no_process_waits_on():
    """A worker in a test has processes wait for the next hand-in; they end with the test, as with a worker."""
    yield
    if ready := sys.modules.get("grading.measuring.bench_ready"):
        ready.close()


@pytest.fixture(autouse=True)
def nothing_is_kept():
    """Each test has rows of its own; and whatever a page keeps is told of when it changes (core/kept.py)."""
    kept = sys.modules.get("courseplatform.core.kept")
    if kept is None:
        yield
        return
    kept.forget_all()
    yield
    assert not kept.strangers, f"kept, but read from tables that are not quiet: {kept.strangers}"


@pytest.fixture
def cast(db, data_dir):
    from tests.people import make_cast

    return make_cast()


@pytest.fixture(scope="module")
def chromium():
    """One browser for a file, for tests of `part("chromium")`; no longer, since the loop that runs beside it is in asyncio's way."""
    from tests.browsing import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def page_of(chromium, live_server, data_dir):
    """page_of(person, width, height, **more of a context) opens a page for this test alone; page_of() is a visitor's."""
    from tests.browsing import windows

    with windows(chromium, live_server.url) as opened:
        yield opened


def pytest_collection_modifyitems(config, items):
    if os.environ.get("MILLIAMP_TEST_DATABASE_URL"):
        items[:] = [item for item in items if item.get_closest_marker("real_database")]


def pytest_collection_finish(session):
    """Half a million objects are here for good by now: tests, modules, frameworks. Nobody looks through them again for garbage."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item):
    if item.get_closest_marker("whole") and not WHOLE:
        pytest.skip("a long proof: make figures plays it, make test its reduced form")
    for marker in item.iter_markers("part"):
        version, why = parts.find(marker.args[0])
        if not version:
            must_be_there = REQUIRED and marker.args[0] not in parts.MADE_BY_FIGURES
            (pytest.fail if must_be_there else pytest.skip)(f"{marker.args[0]}: {why}")


class Record:
    """One line a test for tests/run.py: what it was, how it ended, which real parts it used."""

    def __init__(self, path):
        self.path, self.lines, self.seconds = Path(path), [], Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        self.seconds[item.nodeid] += report.duration  # with what it takes to set up and take down
        done = (
            report.when == "call"
            or (report.when == "setup" and not report.passed)
            or (report.when == "teardown" and report.failed)
        )
        if done:
            why = str(report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else "")
            if report.failed:  # the first words of it: the whole stands in what its session printed
                why = str(call.excinfo.value).partition("\n")[0][:200] if call.excinfo else "failed"
            self.lines.append(
                {"test": item.nodeid, "outcome": report.outcome, "why": why.removeprefix("Skipped: "),
                 "parts": [marker.args[0] for marker in item.iter_markers("part")]}
            )  # fmt: skip
        return report

    def pytest_collectreport(self, report):
        if report.failed:
            self.lines.append({"test": report.nodeid, "outcome": "failed", "why": "cannot be collected", "parts": []})

    def pytest_sessionfinish(self):
        lines = [line | {"seconds": self.seconds[line["test"]]} for line in self.lines]
        self.path.write_text(json.dumps(lines))


def pytest_configure(config):
    flushing.install()
    if target := os.environ.get("MILLIAMP_TEST_RECORD"):
        config.pluginmanager.register(Record(target), "milliamp-record")
