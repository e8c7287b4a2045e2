"""What is played with an agent that ends: by a word of the site, by SIGTERM, by SIGKILL; and what it does when it is started again."""

import stat
from pathlib import Path

from tests.runner_protocol.play import LONG, Play
from tests.runner_protocol.rules import sha256_of
from tests.runner_protocol.scenarios import scenario
from tests.runner_protocol.scripted_site import Cut, Handler


def _runs(play: Play, steps: int = LONG) -> str:
    """A job of which the agent has beaten twice."""
    lease = play.add(steps=steps)
    play.until(lambda: len(play.seen("beat")) >= 2, "It should beat while it works.")
    return lease


def _kept_models(play: Play) -> list[str]:
    wanted = sha256_of(play.model)
    files = [path for path in play.agent.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if sha256_of(path.read_bytes()) == wanted]


@scenario("SIGTERM while it works: the job is given back without a fault, and the agent ends.", ends=True)
def stopped(play: Play) -> None:
    lease = _runs(play)
    play.agent.terminate()
    play.ends()
    said = play.given_back(lease)
    play.must(said is not None, "It should give back what it works on.")
    play.must(said and said.get("fault") is False, "Being stopped is no fault of the board.")


@scenario(
    "kill -9 in the middle of a run: started again, it does not run the job again; it gives it back or says no more that it holds it.",
    ends=True,
)
def killed(play: Play) -> None:
    lease = _runs(play)
    play.agent.kill()
    play.agent.start()
    play.rests()
    play.must(len(play.seen("start")) == 1, "It should not start a job again by itself.")
    play.must(lease not in play.site.finished, "Nobody has measured to the end what was killed.")
    said = play.given_back(lease)
    play.must(said is None or said.get("why"), "A job that is given back says why.")


@scenario(
    "kill -9 while the answer to finish is on its way: started again, it says finish again with the same words.",
    ends=True,
)
def killed_at_the_end(play: Play) -> None:
    def kill(_: Handler) -> None:
        play.site.on.pop("finish")
        play.agent.kill()
        raise Cut(after=True)

    play.site.on["finish"] = kill
    lease = play.add()
    play.until(lambda: lease in play.site.finished and not play.agent.is_alive, "It should finish the job.")
    play.agent.start()
    play.rests()
    said = [seen.asked for seen in play.seen("finish")]
    play.must(len(said) == 2 and said[0] == said[1], "finish should be said again with the same words.")
    play.must(len(play.seen("start")) == 1, "It should not start a job again by itself.")


@scenario("Results are kept until the site is back, also over a restart of the agent.", ends=True)
def kept_results(play: Play) -> None:
    def go_away(_: Handler) -> tuple[int, dict[str, str]]:
        play.away("enroll", "lease", "start", "beat", "log", "upload", "finish", "release", "download", "token")
        return 503, {"code": "away"}

    play.site.on["upload"] = play.site.on["finish"] = go_away
    lease = play.add()
    play.until(lambda: play.seen("upload", "finish"), "It should bring the results.")
    play.agent.terminate()
    play.ends(", also while the site is away")
    calls = len(play.site.seen)
    play.agent.start()
    play.until(lambda: len(play.site.seen) > calls, "It should call the site again after its start.")
    play.site.on.clear()
    play.is_done(lease)
    play.must(len(play.seen("start")) == 1, "It should not start a job again by itself.")


@scenario("401 token_revoked in the middle of a run: it ends, calls no more, and keeps no model.", ends=True)
def revoked(play: Play) -> None:
    _runs(play)
    play.site.token = "milliamp_run_of_somebody_else"
    play.ends()
    refused = [seen for seen in play.site.seen if seen.status == 401]
    play.must(
        len({seen.call for seen in refused}) == len(refused),
        "It should not call again and again with a token that is void.",
    )
    play.must(not play.seen("upload", "finish", "release"), "It should send nothing more.")
    play.must(not _kept_models(play), f"It should delete the model: {_kept_models(play)}")


@scenario("426 protocol_unsupported: it says so and ends.", ends=True)
def too_old(play: Play) -> None:
    play.site.on["lease"] = lambda _: (426, {"code": "protocol_unsupported", "min": 2, "max": 3})
    play.until(lambda: any(seen.status == 426 for seen in play.seen("lease")), "It should poll.")
    play.ends()
    play.must(play.agent.said(), "It should say why it ends.")


@scenario("The token lies where nobody else can read it, and stands in no command line and in no environment.")
def kept_token(play: Play) -> None:
    play.rests()
    is_closed = not stat.S_IMODE(play.agent.folder.stat().st_mode) & 0o077
    for path in play.agent.folder.rglob("*"):
        if not is_closed and path.is_file() and play.site.token.encode() in path.read_bytes():
            play.must(not stat.S_IMODE(path.stat().st_mode) & 0o077, f"Others may read the token in {path}.")
    process = Path(f"/proc/{play.agent.process.pid if play.agent.process else 0}")
    for name in ("cmdline", "environ"):
        play.must(play.site.token.encode() not in (process / name).read_bytes(), f"The token stands in its {name}.")
