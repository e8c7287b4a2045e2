"""What is played with an agent that lives on: its work, and a site that misbehaves. Those that end it are in endings.py."""

from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.runner_protocol.play import LONG, NotAsked, Play
from tests.runner_protocol.scripted_site import Cut, Handler


@dataclass(frozen=True)
class Scenario:
    """says: what the protocol asks for, in a sentence. begins: with an agent that is not enrolled. ends: the agent does not live through it."""

    name: str
    says: str
    play: Callable[[Play], None]
    begins: bool = False
    ends: bool = False


SCENARIOS: list[Scenario] = []


def scenario(says: str, **when: bool) -> Callable[[Callable[[Play], None]], Callable[[Play], None]]:
    def listed(play: Callable[[Play], None]) -> Callable[[Play], None]:
        SCENARIOS.append(Scenario(play.__name__.strip("_").replace("_", "-"), says, play, **when))
        return play

    return listed


@scenario(
    "An answer to enroll that is lost is asked for again with the same code and install_id; the newer token counts.",
    begins=True,
)
def enrol(play: Play) -> None:
    old, new = play.site.token, play.site.token + "2"

    def lose(_: Handler) -> None:
        if play.site.token == old:
            play.site.token = new
            play.tokens.add(new)
            raise Cut

    play.site.on["enroll"] = lose
    play.agent.start()
    play.until(lambda: play.seen("lease"), "It should enrol and then poll.")
    asked = [seen.asked for seen in play.seen("enroll")]
    play.must(len(asked) >= 2, "It should ask again where the answer of enroll is lost.")
    play.must(all(isinstance(one.get("code"), str) for one in asked), "enroll carries the code as text.")
    same = {(one["code"].replace("-", "").upper(), one["facts"]["install_id"]) for one in asked}
    play.must(
        same == {(play.agent.code.replace("-", ""), asked[0]["facts"]["install_id"])}, f"enroll was said with {same}."
    )
    spoken = [one.get("protocol") for one in asked]
    play.must(
        all(isinstance(one, dict) and one.get("min") == 1 for one in spoken), f"enroll offers the protocol as {spoken}."
    )


@scenario("A job: its files, start, beats, log, results, finish; then the next poll holds nothing.")
def first_job(play: Play) -> None:
    lease = play.add(steps=6)
    play.is_done(lease)
    play.rests()
    order = [seen.call for seen in play.site.seen if seen.lease == lease]
    expected = ["download", "start", "upload", "finish"]
    play.must([call for call in dict.fromkeys(order) if call in expected] == expected, f"The calls came as {order}.")
    beats = [seen.at for seen in play.seen("beat")]
    play.must(beats, "It should beat while it works.")
    begun, end = play.seen("start")[0].at, play.seen("finish")[0].at
    longest = max(later - before for before, later in zip([begun, *beats], [*beats, end], strict=True))
    play.must(
        longest <= 3 * play.site.beat_s + 2, f"It should beat every {play.site.beat_s} s; {longest:.1f} s passed."
    )


@scenario("With nothing to do it polls as often as poll_s says, and not more often.")
def idle(play: Play) -> None:
    play.until(lambda: len(play.seen("lease")) >= 5, "It should poll.", 5 * play.site.poll_s + play.patience_s)
    at = [seen.at for seen in play.seen("lease")]
    play.must((at[-1] - at[0]) / (len(at) - 1) >= play.site.poll_s * 0.5, "It polls more often than twice in poll_s.")


@scenario("A beat that is answered with cancel: the run is killed and finished as cancelled, without results.")
def cancel(play: Play) -> None:
    lease = play.add(steps=LONG)
    play.until(lambda: play.seen("beat"), "It should beat while it works.")
    play.site.do = "cancel"
    said = play.ended(lease, "What is cancelled should be finished at once.")
    play.must(
        (said["outcome"], said["results"]) == ("cancelled", None), f"It should end as cancelled, not {said['outcome']}."
    )
    play.site.do = "continue"


@scenario("A beat that is answered with drain: what runs is ended as any other.")
def drain(play: Play) -> None:
    play.site.do = "drain"
    play.is_done(play.add(steps=4))
    play.site.do = "continue"


@scenario("410 in the middle of a run: it is killed, nothing of it is sent, and another job is done.")
def lost(play: Play) -> None:
    lease = play.add(steps=LONG)
    play.until(lambda: play.seen("beat"), "It should beat while it works.")
    play.site.lost.add(lease)
    play.until(lambda: any(seen.status == 410 for seen in play.seen("beat", "log")), "It should go on to beat.")
    play.rests()
    play.must(not play.seen("upload", "finish", "release"), "It should send nothing more of a lease that is lost.")
    play.is_done(play.add())


@scenario("410 to start: the model is not run.")
def lost_before_start(play: Play) -> None:
    play.once("start", (410, {"code": "lease_lost"}))
    lease = play.add()
    play.until(lambda: play.seen("start"), "It should start the job.")
    play.site.lost.add(lease)
    play.rests()
    play.must(not play.seen("upload", "finish"), "It should not run what it was not allowed to start.")


@scenario("410 to finish: the result is thrown away, and the next job is done.")
def lost_at_the_end(play: Play) -> None:
    play.times("finish", [(410, {"code": "lease_lost"})])
    lease = play.add()
    play.until(lambda: play.seen("finish"), "It should finish the job.")
    play.site.lost.add(lease)
    play.rests()
    play.must(len(play.seen("finish")) == 1, "It should not finish again what is lost.")


@scenario(
    "A job that comes back with a higher attempt is a new one: it is run anew, and every call names that attempt."
)
def given_out_again(play: Play) -> None:
    lease = play.add(steps=LONG)
    play.until(lambda: play.seen("beat"), "It should beat while it works.")
    play.site.lost.add(lease)
    play.rests()
    play.add(steps=2, lease=lease)
    play.is_done(lease)


@scenario("Answers that are lost after they took effect are asked for again, and the job is run once.")
def lost_answers(play: Play) -> None:
    for call in ("start", "beat", "log", "upload", "finish"):
        play.once(call, Cut(after=True))
    play.is_done(play.add(steps=3))
    play.rests()
    play.must(len(play.seen("finish")) >= 2, "It should finish again where the answer was lost.")


@scenario("5xx, 429 and no answer are waited for; what runs goes on, and is not run again.")
def away(play: Play) -> None:
    answers = [(503, {"code": "away"}), (429, {"code": "too_many_requests"}), Cut(), (502, b"<html>bad gateway</html>")]
    for n, call in enumerate(("lease", "start", "beat", "log", "upload", "finish")):
        play.times(call, [answers[n % 4], answers[(n + 1) % 4]])
    play.is_done(play.add(steps=3))


@scenario("A 401 that is not the site's own (a proxy's) is waited for like 5xx.")
def strange_401(play: Play) -> None:
    at = play.once("lease", (401, b"<html>sign in to the hotel</html>"))
    play.until(lambda: at, "It should poll.")
    play.is_done(play.add())


@scenario("Retry-After of a 429 is waited.")
def retry_after(play: Play) -> None:
    at = play.once("lease", (429, {"code": "too_many_requests"}, {"Retry-After": "3"}))
    play.until(lambda: at and any(seen.at > at[0] + 0.01 for seen in play.seen("lease")), "It should poll again.")
    again = min(seen.at for seen in play.seen("lease") if seen.at > at[0] + 0.01) - at[0]
    play.must(again >= 2.5, f"It came back after {again:.1f} s, and was asked to wait 3 s.")


@scenario("A download that was cut goes on where it stopped: Range: bytes=N-.")
def cut_download(play: Play) -> None:
    half = len(play.model) // 2

    def cut(handler: Handler) -> None:
        play.site.on.pop("download")
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(play.model)))
        handler.end_headers()
        handler.wfile.write(play.model[:half])
        handler.wfile.flush()
        raise Cut

    play.site.on["download"] = cut
    play.is_done(play.add())
    asked = [seen.headers.get("range", "") for seen in play.seen("download")]
    begun = [int(text[6:-1]) for text in asked if text.startswith("bytes=") and text[6:-1].isdigit()]
    play.must(begun and 0 < begun[0] <= half, f"It should go on from what it has; it asked for {asked}.")


@scenario("A file with another SHA-256 than was announced is not run: the job is given back.")
def wrong_hash(play: Play) -> None:
    lease = play.add(wrong_hash=True)
    play.until(lambda: play.site.ended(lease), "It should give the job back.")
    play.must(
        play.given_back(lease) and not play.seen("start"), "It should not start with a file that is not the right one."
    )


@scenario("What it does not understand (a program of another name) is given back, and not guessed at.")
def unknown_entry(play: Play) -> None:
    lease = play.add([play.step(entry="hardware.ondevice.of_another_year")])
    play.until(lambda: play.site.ended(lease), "It should give the job back.")
    play.must(play.given_back(lease) and not play.seen("start"), "It should not start what it does not know.")


@scenario("A board that has not proven a memory limit gives back what needs one.")
def needs_memory_limit(play: Play) -> None:
    if play.site.enrolled["facts"]["isolation"].get("memory_limit") is True:
        raise NotAsked("it says that it has proven a memory limit")
    lease = play.add(needs_memory_limit=True)
    play.until(lambda: play.site.ended(lease), "It should give the job back.")
    play.must(play.given_back(lease) and not play.seen("start"), "It should not start what needs a memory limit.")


@scenario("416 to a piece of the log: it goes on from committed.")
def log_offset(play: Play) -> None:
    def shorten(call: str) -> None:
        """The site loses half of what it has, at the next such call."""

        def lose(handler: Handler) -> None:
            if kept := play.site.logs.get(handler.lease):
                play.site.logs[handler.lease] = kept[: len(kept) // 2]
                play.site.on.pop(call)
                if call == "finish":
                    shorten("log")

        play.site.on[call] = lose

    shorten("finish")
    play.is_done(play.add(steps=2))
    play.must(
        any(seen.status == 416 for seen in play.seen("log")), "It should send the part of the log that is missing."
    )


@scenario("A log that the site keeps no more of is no reason to fail.")
def log_truncated(play: Play) -> None:
    play.site.on["log"] = lambda _: (200, {"committed": 0, "truncated": True})

    def taken(handler: Handler) -> Any:
        play.site.finished.setdefault(handler.lease, handler.body)
        return 200, {"recorded": True, "again": False}

    play.site.on["finish"] = taken
    said = play.ended(play.add(), "The job should be finished.")
    play.must(said["outcome"] == "done", f"The job should end as done, not as {said['outcome']}.")


@scenario(
    "202 to finish: the files and the part of the log that are missing are sent, and it is said again with the same words."
)
def missing(play: Play) -> None:
    def forget(handler: Handler) -> None:
        play.site.on.pop("finish")
        for key in [key for key in play.site.kept if key[0] == handler.lease]:
            play.site.kept.pop(key)
        play.site.logs[handler.lease] = play.site.logs.get(handler.lease, b"")[:5]

    play.site.on["finish"] = forget
    play.is_done(play.add())
    said = [seen.asked for seen in play.seen("finish")]
    play.must(len(said) == 2 and said[0] == said[1], "finish should be said twice with the same words.")


@scenario("409 finish_differs: another ending stands; it forgets the job and takes the next.")
def other_ending(play: Play) -> None:
    play.site.on["finish"] = lambda _: (409, {"code": "finish_differs", "message": "Another ending was recorded."})
    play.add()
    play.until(lambda: play.seen("finish"), "It should finish the job.")
    play.rests()
    play.site.on.pop("finish")
    play.is_done(play.add())


@scenario("What the answer to a poll drops is forgotten and not held any more.")
def dropped(play: Play) -> None:
    play.away("upload", "log", "finish", "release")
    lease = play.add()
    play.until(lambda: play.seen("upload", "finish"), "It should bring the results.")
    play.site.lost.add(lease)
    play.site.on.clear()
    play.rests()
    play.must(lease not in play.site.finished, "A lease that is lost cannot be finished.")


@scenario("A redirect is not followed with the token.")
def redirect(play: Play) -> None:
    carried: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            carried.append(self.headers.get("Authorization") or "")
            self.send_error(404)

        do_GET = do_PUT = do_POST  # noqa: N815 as the library calls them

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        there = f"http://127.0.0.1:{server.server_address[1]}/api/runner/v1/lease"
        at = play.times("lease", [(status, b"", {"Location": there}) for status in (302, 307, 308)])
        play.until(lambda: len(at) == 3, "It should poll on.")
        play.rests()
    finally:
        server.shutdown()
        server.server_close()
    play.must(not any(carried), "It took its token to another address.")
