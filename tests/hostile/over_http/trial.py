"""A site is sent bad files, by every door of their kind, and has to answer each of them and to live."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hostile.bad_files.case import MARKER, MARKER_FOLDERS, Case
from tests.hostile.over_http.doors import MODELS, Door, Said, Sender, doors, kind_of
from tests.journeys.world import World, wait_for
from tests.parts import ROOT

OF_ONE_SENDER = 20  # hand-ins: fewer than one person may send within an hour
STARTS_S, STANDS_S = 300.0, 300.0  # for a machine with much else to do; a run itself is ended after its own minute
MOST_TRIES, AGAIN_S = 5, 3.0
LOOKED_AT = ("", "result.json", "result.csv", "live/")
COLUMNS = ("kind", "files", "sent", "refused", "taken", "refused at check", "ended in sandbox", "ran", "breaches")


@dataclass
class Tally:
    """Of one kind. codes: of refusals at the door and at the check. breaches: name of a file -> why this is no answer."""

    files: int = 0
    sent: int = 0
    refused: int = 0
    taken: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    breaches: dict[str, str] = field(default_factory=dict)


class HostileSite:
    """The site in a folder of its own. `tallies`: by kind, filled by `send` and `settle`."""

    def __init__(self, folder: Path, *, senders: int) -> None:
        self.world = World(folder / "data", DEMO="0")
        try:
            self.world.wait_healthy(STARTS_S)
            self.told = self._made(folder, senders)
        except BaseException:
            self.stop()
            raise
        self.doors, self.sent_models = doors(self.told), 0
        self.people = {name: Sender(self.world.port, cookie) for name, cookie in self.told["people"].items()}
        self.people["nobody"] = Sender(self.world.port, "")
        self.senders = [Sender(self.world.port, cookie) for cookie in self.told["senders"]]
        self.tallies: dict[str, Tally] = {}
        self.run_of: dict[str, tuple[str, str, Sender]] = {}  # submission -> kind, name of the file, who sent it

    def _made(self, folder: Path, senders: int) -> dict[str, Any]:
        clean = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        told = subprocess.run(
            [sys.executable, "-m", "tests.hostile.over_http.made", str(senders)], cwd=ROOT, capture_output=True, text=True, check=False,
            env=clean | {"DATA_DIR": str(folder / "data"), "DEMO": "0", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert told.returncode == 0, told.stderr[-3000:]
        found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
        return found

    def send(self, cases: Iterable[Case]) -> None:
        for case in cases:
            kind = kind_of(case, self.doors)
            tally = self.tallies.setdefault(kind, Tally())
            tally.files += 1
            for door in self.doors.get(kind, self.doors["onnx"]):
                sender, tries = self._by(door), 1
                said = sender.send(door, case)
                while (
                    said.status == 503 and said.code == "busy" and tries < MOST_TRIES
                ):  # all readers are taken: it says when to come again
                    time.sleep(AGAIN_S)
                    said, tries = sender.send(door, case), tries + 1
                tally.sent += 1
                self._heard(kind, tally, case, said)

    def _by(self, door: Door) -> Sender:
        if door.who != "sender":
            return self.people[door.who]
        self.sent_models += 1
        return self.senders[(self.sent_models // OF_ONE_SENDER) % len(self.senders)]

    def _heard(self, kind: str, tally: Tally, case: Case, said: Said) -> None:
        if said.status == 0 or said.status >= 500:
            tally.breaches[case.name] = f"answered {said.status or 'nothing'} {said.code}"
        elif said.status == 429:
            tally.breaches[case.name] = f"was not tried: {said.code}"
        elif said.status >= 400:
            tally.refused += 1
            tally.codes[said.code] += 1
        else:
            tally.taken += 1
            if said.status in (200, 201) and b'"receipt"' in said.body:
                sender = self.senders[(self.sent_models // OF_ONE_SENDER) % len(self.senders)]
                self.run_of[json.loads(said.body)["id"].replace("-", "")] = (kind, case.name, sender)

    def settle(self) -> None:
        """Until each run has ended; then its pages are looked at, by the one whose it is."""
        last, since = -1, time.monotonic()
        while not self.world.is_idle():
            ended = self.world.rows("select count(*) from hardware_job where status in ('finished', 'parked')")[0][0]
            last, since = (ended, time.monotonic()) if ended != last else (last, since)
            assert time.monotonic() - since < STANDS_S, f"a run is stuck after {ended} others"
            time.sleep(0.5)
        rows = self.world.rows(
            "select r.submission_id, j.id, j.status, j.outcome, j.error_code from grading_run r join hardware_job j on j.id = r.job_ptr_id"
        )
        for submission, job, status, outcome, code in rows:
            if submission in self.run_of:
                self._ended(*self.run_of[submission], job, outcome or status, code)

    def _ended(self, kind: str, name: str, sender: Sender, job: str, outcome: str, code: str) -> None:
        tally = self.tallies[kind]
        tally.outcomes[outcome] += 1
        if outcome == "infrastructure":
            tally.breaches[name] = f"our fault: {code}"
        elif code:
            tally.codes[code] += 1
        run = f"{job[:8]}-{job[8:12]}-{job[12:16]}-{job[16:20]}-{job[20:]}"
        for part in LOOKED_AT:
            said = sender.ask("GET", f"/courses/odml/runs/{run}/{part}")
            if said.status == 0 or said.status >= 500:
                tally.breaches[name] = f"its page {part or 'run'} answers {said.status} {said.code}"

    def traces(self) -> list[str]:
        """What nobody may find afterwards: things that ran outside a sandbox, halves of files, faults of ours in the log."""
        found = [f"{place}/{one.name}" for place in MARKER_FOLDERS for one in Path(place).glob(f"{MARKER}*")]
        data = self.world.data_dir
        found += [f"left: {one.name}" for one in (data / "incoming").glob("*")]
        log = self.world.log.read_text(errors="replace")
        found += [line[:300] for line in log.splitlines() if "Traceback" in line or '"level": "critical"' in line]
        return found

    def is_alive(self, good: bytes) -> bool:
        """A good model comes through after all of that, and the site says that it is well."""
        door = self.doors["onnx"][0]
        said = self.senders[-1].send(door, Case("good.onnx", good, "a good one"))
        assert said.status == 201, (said.status, said.code)
        key = json.loads(said.body)["id"].replace("-", "")
        asked = (
            "select j.outcome from grading_run r join hardware_job j on j.id = r.job_ptr_id where r.submission_id = ?"
        )
        wait_for(lambda: self.world.rows(asked, key)[0][0], STANDS_S, "the good model's run")
        return self.world.rows(asked, key)[0][0] == "measured" and self.world.get("/healthz")[0] == 200

    def stop(self) -> None:
        self.world.stop()


def table(tallies: dict[str, Tally]) -> str:
    lines = ["{:12}{:>7}{:>7}{:>9}{:>7}{:>18}{:>18}{:>6}{:>10}".format(*COLUMNS)]
    for kind, one in tallies.items():
        ended = sum(many for outcome, many in one.outcomes.items() if outcome not in ("measured", "refused", "parked"))
        ran = one.outcomes["measured"] + one.outcomes["parked"]
        at_check = one.outcomes["refused"] if kind in MODELS or one.outcomes else ""
        row = (kind, one.files, one.sent, one.refused, one.taken, at_check, ended, ran, len(one.breaches))
        lines.append("{:12}{:>7}{:>7}{:>9}{:>7}{:>18}{:>18}{:>6}{:>10}".format(*row))
        often = ", ".join(f"{code} {many}" for code, many in one.codes.most_common(5))
        lines.append(f"    codes: {often or 'none'}")
    return "\n".join(lines)
