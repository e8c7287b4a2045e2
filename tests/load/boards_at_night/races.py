"""Two runners that ask for one job at the same moment, and a result that arrives when another runner has the job. Over HTTP, by the protocol alone."""

import json
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

from hardware.models import BoardEnd, BoardJob, Outcome, Status
from tests.hardware.runners.boards import Board as Speaker
from tests.hardware.runners.boards import P, results
from tests.load.boards_at_night import people
from tests.load.boards_at_night.site import Site, own_connection

DEVICE, RACES, STALE_AFTER_S = "rpi-4-8gb", 25, 150


class Racer(Speaker):
    """A runner that is no agent: it says what it is told to."""

    def __init__(self, site: Site, n: int) -> None:
        super().__init__(install_id=f"{n:032x}", boot_id=f"racer-{n}")
        self.url = site.url

    def send(self, method, address, body=None, **headers):
        sent = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        known = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"{self.url}{P}{address}", sent, {"Content-Type": kind, "Host": "127.0.0.1"} | known | given, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return self._heard(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return self._heard(error.code, error.read())

    def _heard(self, status, content):
        self.said = json.loads(content or b"{}")
        return SimpleNamespace(status_code=status)


class Races:
    """won: how many racers got each job. stale: whether the late result was refused, kept, and not counted."""

    def __init__(self, site: Site) -> None:
        self.site, self.won, self.stale, self.error = site, [], None, None
        self.racers = [Racer(site, 900 + n) for n in range(2)]
        for n, racer in enumerate(self.racers):
            assert racer.enrol(people.board_added(90 + n, DEVICE)[1]).status_code == 201, racer.said
            assert racer.carry_out(racer.job()).status_code == 200, racer.said
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with own_connection():
                for _ in range(RACES):
                    with self.site.quiet:
                        self._race()
                    time.sleep(1)
                self._late()
        except Exception as error:  # told in the table: the run goes on without races
            self.error = error

    def _race(self) -> None:
        (job,) = people.work_made(1, DEVICE)
        together, got = threading.Barrier(2), {}

        def ask(racer: Racer) -> None:
            together.wait()
            got[racer] = racer.job()

        asking = [threading.Thread(target=ask, args=(racer,)) for racer in self.racers]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        winners = [racer for racer, given in got.items() if given is not None and given["lease"] == str(job.pk)]
        self.won.append(len(winners))
        for racer in winners:
            racer.carry_out(got[racer])

    def _late(self) -> None:
        """One takes a job, measures it and is silent; the other gets it when the lease has run out; then the first one's result comes."""
        first, second = self.racers
        (job,) = people.work_made(1, DEVICE)
        with self.site.quiet:
            taken = first.job()
            assert first.call(taken, "start").status_code == 200
        end, again = time.monotonic() + STALE_AFTER_S, None
        while again is None and time.monotonic() < end:
            time.sleep(2)
            with self.site.quiet:
                again = second.job()
        data = json.dumps(results()).encode()
        with self.site.quiet:
            assert again is not None and again["lease"] == taken["lease"] and again["attempt"] == taken["attempt"] + 1
            named = {"name": "results.json", "sha256": "0" * 64, "bytes": len(data)}
            late = first.call(taken, "finish", outcome="done", results=named, log={"bytes": 0}, environment={})
            assert second.carry_out(again).status_code == 200
            also = first.call(taken, "finish", outcome="done", results=named, log={"bytes": 0}, environment={})
        row = BoardJob.objects.get(pk=job.pk)
        ends = dict(BoardEnd.objects.filter(job=job).values_list("attempt", "counted"))
        self.stale = (
            (late.status_code, also.status_code) == (410, 410)
            and (row.status, row.outcome, row.attempt) == (Status.FINISHED, Outcome.MEASURED, again["attempt"])
            and ends == {taken["attempt"]: False, again["attempt"]: True}
        )
