"""What came out of a faulted night, from rows and files alone: was each hand-in graded, once, rightly, and did anything stay behind?"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from tests.load.outages import models
from tests.load.outages.director import Event
from tests.load.outages.site import FaultedSite
from tests.load.outages.students import Answer, HandIn
from tests.load.outages.world_made import SLUG

# What an answer may be while something of ours is away; 0: the line was lost.
MAY_BE = {0, 503, 507}
# What a proxy says while the web is away, in our words.
OF_A_PROXY = {502, 504}
# A site may have other courses.
COURSE = f"(select id from courses_course where slug = '{SLUG}')"
SUBMISSIONS = f"(select id from grading_submission where assignment_id in (select id from grading_assignment where course_id = {COURSE}))"
RUNS = f"(select job_ptr_id from grading_run where submission_id in {SUBMISSIONS})"


class Site(Protocol):
    def rows(self, sql: str, *values: object) -> list[Any]: ...


def wrongs(site: FaultedSite, sent: list[HandIn], answers: list[Answer]) -> list[str]:
    """Everything that is not as it must be, in words."""
    return [*of_rows(site, sent), *of_files(site), *of_answers(answers)]


def of_rows(site: Site, sent: list[HandIn]) -> list[str]:
    return [*of_receipts(site, sent), *of_runs(site, sent), *of_moves(site), *of_late_days(site)]


def of_receipts(site: Site, sent: list[HandIn]) -> list[str]:
    found = [f"no receipt for hand-in {one.key}" for one in sent if not one.told]
    found += [f"{len(set(one.told))} receipts for hand-in {one.key}" for one in sent if len(set(one.told)) > 1]
    rows = dict(site.rows(f"select id::text, sha256 from grading_submission where id in {SUBMISSIONS}"))
    told = {one.told[0].strip("/").rsplit("/", 1)[-1]: one for one in sent if one.told}
    found += [f"receipt {key} without its submission" for key in told.keys() - rows.keys()]
    found += [f"submission {key} of which nobody was told" for key in rows.keys() - told.keys()]
    found += [f"submission {key} holds another model" for key, one in told.items() if rows.get(key) != one.digest]
    numbers = defaultdict(list)
    for person, number in site.rows(f"select person_id, number from grading_submission where id in {SUBMISSIONS}"):
        numbers[person].append(number)
    found += [
        f"attempts of person {person}: {sorted(had)}"
        for person, had in numbers.items()
        if sorted(had) != list(range(1, len(had) + 1))
    ]
    return found


def of_runs(site: Site, sent: list[HandIn]) -> list[str]:
    points = {one.digest: models.WIDTHS[one.width] for one in sent}
    rows = site.rows(
        f"""select s.id::text, s.sha256, s.spares_attempt, s.counts, count(distinct r.job_ptr_id), count(x.id), max(x.earned), max(j.outcome),
           max(j.error_code) from grading_submission s left join grading_run r on r.submission_id = s.id
           left join hardware_job j on j.id = r.job_ptr_id left join grading_result x on x.run_id = r.job_ptr_id where s.id in {SUBMISSIONS} group by s.id"""
    )
    found = []
    for key, digest, spares, counts, runs, results, earned, outcome, code in rows:
        if (runs, results, outcome) != (1, 1, "measured"):
            found.append(f"submission {key}: {runs} runs, {results} results, {outcome or 'not ended'} {code or ''}")
        elif spares or not counts or earned != points.get(digest):
            found.append(f"submission {key}: {earned} points for {points.get(digest)}, counts {counts}")
    held = site.rows(
        f"select count(*) from hardware_job where id in {RUNS} and (status in ('leased', 'running') or lease_expires_at is not null)"
    )[0][0]
    return found + ([f"{held} leases are left"] if held else [])


def of_moves(site: Site) -> list[str]:
    """Each history goes from state to state without a gap, and ends once."""
    moves = defaultdict(list)
    for job, before, after in site.rows(
        "select subject_id::text, moved_from, moved_to from hardware_jobmove order by id"
    ):
        moves[job].append((before, after))
    found = []
    for job, status, attempt in site.rows(f"select id::text, status, attempt from hardware_job where id in {RUNS}"):
        chain = moves.get(job, [])
        is_whole = [before for before, _ in chain] == ["queued", *[after for _, after in chain]][: len(chain)]
        ends, leased = ([after for _, after in chain].count(word) for word in ("finished", "leased"))
        if not is_whole or ends != (status == "finished") or leased != attempt:
            found.append(f"history of run {job}: {chain}")
    return found


def of_late_days(site: Site) -> list[str]:
    mine = f"from grading_submission where id in {SUBMISSIONS}"
    late = site.rows(f"select count(*) {mine} and received_at > due_at")[0][0]
    spent = site.rows(f"select count(*) from grading_lateentry where kind = 'spend' and course_id = {COURSE}")[0][0]
    future = site.rows(f"select count(*) {mine} and received_at > now()")[0][0]
    found = [f"{late} hand-ins count as late"] * bool(late) + [f"{spent} late days were spent"] * bool(spent)
    found += [f"{future} hand-ins came in the future"] * bool(future)
    told = site.rows(
        f"select count(*), count(distinct key), (select count(*) {mine}) from notices_notification where key like 'receipt-%' and course_id = {COURSE}"
    )[0]
    return found + ([f"receipts told: {told}"] if len(set(told)) > 1 else [])


LOST = "select count(*) from notices_notification where mail = 'at_once' and mailed_at is null and mail_after is null"
SWEPT = """
from datetime import timedelta
from django.utils import timezone
from courseplatform.core import leaving
print(leaving.orphans_leave(), leaving.leaving_sweep(now=timezone.now() + timedelta(hours=2)), leaving.incoming_sweep(now=timezone.now() + timedelta(days=2)))
"""


def of_files(site: FaultedSite) -> list[str]:
    """After the sweeps of two days: a hand-in that was killed may leave a file that no row names, but not for good."""
    site.manage("shell", "-c", SWEPT)
    stored = {
        f"media/{name}": digest for name, digest in site.rows("select model_file, sha256 from grading_submission")
    }
    there = site.store.files("media/")
    found = [f"{name} belongs to nothing" for name in sorted(there.keys() - stored.keys())]
    found += [f"{name} is missing" for name in sorted(stored.keys() - there.keys())]
    for name in sorted(there.keys() & stored.keys()):
        if sha256(there[name]).hexdigest() != stored[name]:
            found.append(f"{name} is not what was handed in")
    found += [f"{name} is left in the store" for name in site.store.files("uploads/")]
    for data in sorted({site.data_dir(name) for name in site.NAMES}):
        for folder in ("media", "hidden", "incoming", "uploads", "work"):
            found += [f"{folder}/{path.name} is left on a disk" for path in entries(data / folder)]
    return found


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def of_mails(site: FaultedSite, *, most_twice: int) -> tuple[str, list[str]]:
    """(how many, what is wrong). A fault in the instant between the mail server's yes and our mark sends a mail twice, under one name."""
    words = "".join(path.read_text() for path in (site.folder / "mail").glob("*"))
    sent = Counter(re.findall(r"^Message-ID: (\S+)$", words, re.MULTILINE))
    twice, lost = sum(many > 1 for many in sent.values()), site.rows(LOST)[0][0]
    waiting = site.rows("select count(*) from notices_notification where mailed_at is null and mail_after is not null")[
        0
    ][0]
    wrong = [f"{lost} mails were lost"] * bool(lost) + [f"{twice} mails were sent twice"] * (twice > most_twice)
    return f"mails: {len(sent)} sent, {twice} of them twice, {waiting} wait", wrong


def of_answers(answers: list[Answer], also: Collection[int] = ()) -> list[str]:
    may_be = MAY_BE.union(also)
    bad = Counter((one.what, one.status, one.code) for one in answers if one.status >= 400 and one.status not in may_be)
    rude = Counter((one.what, one.status, one.code) for one in answers if one.status in may_be and not one.is_plain)
    return [f"{many} x {what} answered {status} {code}" for (what, status, code), many in bad.items()] + [
        f"{many} x {what} answered {status} {code} without our words, or when to come again"
        for (what, status, code), many in rude.items()
    ]


def recoveries(site: Site, events: list[Event], well: list[float]) -> dict[str, list[float]]:
    """By fault, seconds from when its cause was gone until the run that it hit was finished; where it hit none, until the next one was and the
    site had said that it is well."""
    ends = dict(
        site.rows(
            "select subject_id::text, extract(epoch from max(at)) from hardware_jobmove where moved_to = 'finished' group by 1"
        )
    )
    moments, found = sorted(float(at) for at in ends.values()), defaultdict(list)
    for event in events:
        if event.job:
            at = float(ends.get(event.job, float("inf")))
        else:
            at = max(next((at for at in times if at > event.mended), float("inf")) for times in (moments, well))
        found[event.what].append(at - event.mended)
    return found


def table(events: list[Event], found: dict[str, list[float]]) -> str:
    lasted, messages = defaultdict(list), Counter()
    for event in events:
        lasted[event.what].append(max(event.mended - event.broke, 0.0))
        messages[event.what] += event.messages
    lines = [f"{'fault':40} {'times':>5} {'lasted, s':>9} {'well again after, s: median':>28} {'most':>6}"]
    for what, seconds in found.items():
        lines.append(
            f"{what:40} {len(seconds):5} {median(lasted[what]):9.1f} {median(seconds):28.1f} {max(seconds):6.1f}"
            + (f"  {messages[what]} messages" if messages[what] else "")
        )
    return "\n".join(lines)
