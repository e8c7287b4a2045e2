"""The sentences of the page: each is computed, none is written beforehand. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from courseplatform.core import health, numbers
from courseplatform.core.badges import Badge
from courseplatform.core.lines import LineNow

CALL_AT_S = 600.0  # the oldest live run waits so long: a person is called
RECEIPT = "Handing in is not affected: your receipt is what counts, not the run."


@dataclass(frozen=True)
class Verdict:
    """What the page says first. tone: good, warn or bad."""

    tone: str
    icon: str
    title: str
    sentence: str


def length(seconds: float) -> str:
    """4 min 10 s; under ten seconds with a digit: 0.4 s."""
    return f"{seconds:.1f}{numbers.WHOLE}s" if 0 < seconds < 10 else numbers.span(timedelta(seconds=round(seconds)))


def many(count: int, one: str, more: str = "") -> str:
    return f"{numbers.count(count)} {one if count == 1 else more or f'{one}s'}"


def verdict(
    lines: Sequence[LineNow],
    *,
    troubles: Sequence[tuple[str, bool]] = (),
    silent_s: float | None,
    is_starting: bool = False,
    lost: int = 0,
) -> Verdict:
    """troubles: (title, nobody can work) of what is open. silent_s: since when no ordinary worker answered; None where none has begun."""
    down = next((title for title, is_down in troubles if is_down), None)
    if down is not None:
        return Verdict("bad", "octagon", down, "It is being looked at. What has a receipt is safe; hand in again what has none, once it works.")  # fmt: skip
    if silent_s is not None and silent_s > health.FRESH.total_seconds():
        said = f"No worker has given a sign of life for {length(silent_s)}. Runs and mails wait and lose nothing. {RECEIPT}"
        return Verdict("bad", "octagon", "You can hand in; work in the background stands still", said)
    slow = [line for line in lines if line.is_slow]
    if troubles:
        return Verdict("warn", "triangle", f"Handing in works. {troubles[0][0]}", f"{_slow_words(slow)}{RECEIPT}{_lost_words(lost)}")  # fmt: skip
    if slow:
        return Verdict("warn", "triangle", f"Everything works; {_slow_title(slow)}", f"{_slow_words(slow)}{RECEIPT}{_lost_words(lost)}")  # fmt: skip
    if silent_s is None:
        return Verdict("warn", "clock", "You can hand in; the workers are starting", f"They give a first sign of life within seconds. {RECEIPT}")  # fmt: skip
    return Verdict("good", "check", "Everything works", f"{_quiet_words(lines)}{_lost_words(lost)}")


def _slow_title(slow: Sequence[LineNow]) -> str:
    names = {"live_runs": "benchmarking is slow", "mail": "mail is slow", "passback": "grades reach the LMS late", "board_runs": "boards are slow"}  # fmt: skip
    return " and ".join(names.get(line.kind, f"{line.title.lower()} is slow") for line in slow[:2])


def _slow_words(slow: Sequence[LineNow]) -> str:
    if not slow:
        return ""
    line = slow[0]
    things = {"live_runs": "run", "mail": "mail", "passback": "grade", "board_runs": "board run"}
    count = many(line.waiting, things.get(line.kind, "job"))
    return f"{count} wait{'s' if line.waiting == 1 else ''}, the oldest for {length(line.oldest_s or 0.0)}. "


def _quiet_words(lines: Sequence[LineNow]) -> str:
    live = next((line for line in lines if line.kind == "live_runs"), None)
    if live is None or live.waiting == 0:
        return "No run waits."
    return f"{many(live.waiting, 'run')} wait{'s' if live.waiting == 1 else ''}, the oldest for {length(live.oldest_s or 0.0)}, as usual."


def _lost_words(lost: int) -> str:
    if lost == 0:
        return " No run was lost in the last 12 hours."
    return f" {many(lost, 'run')} of the last 12 hours ended by a fault of ours; {'it costs' if lost == 1 else 'they cost'} no attempt."


def line_badge(line: LineNow) -> Badge:
    if line.held_back and line.waiting:
        return Badge("neutral", "clock", "held back, on purpose")
    if line.is_slow:
        return Badge("warn", "triangle", "slow")
    return Badge("good", "check", "as usual")


def drain_words(waiting: int, pace_s: float | None, workers: int) -> str:
    """12 waiting × 3 min 10 s / 2 workers = 19 min to drain; with 3 workers 12 min 40 s."""
    if not waiting:
        return "No live run waits: there is nothing to drain."
    if pace_s is None:
        return f"{many(waiting, 'run')} wait; none was measured yet, so nobody can say for how long."
    if workers == 0:
        return f"{many(waiting, 'run')} wait, and no worker lives: nothing drains."
    now_s, then_s = waiting * pace_s / workers, waiting * pace_s / (workers + 1)
    one = many(workers, "worker")
    return f"{waiting} waiting × {length(pace_s)} / {one} = {length(now_s)} to drain; with {workers + 1} workers {length(then_s)}."


def night_words(series: Sequence[tuple[float, float]], *, names: Sequence[str] = ()) -> str:
    """What the plot shows. series: (seconds since the start, oldest wait in seconds). names: incidents, each near the peak."""
    if not series:
        return "Nobody looked in this time, so nothing is known of it."
    waits = [wait for _, wait in series]
    worst, ordered = max(waits), sorted(waits)
    if worst < 1:
        return "Nothing waited."
    usual = ordered[int(0.9 * (len(ordered) - 1))]
    if worst < 60 or worst < 2 * max(usual, 30):
        return f"The oldest run never waited longer than {length(worst)}."
    under = next(step for step in (60, 120, 180, 300, 600, 900, 1800, 3600, 86400, 10**9) if usual < step)
    peaks = _peaks(waits, under)
    said = "one peak" if peaks == 1 else f"{peaks} peaks"
    why = f", when this broke: {names[0]}" if names and peaks == 1 else ""
    return f"The wait was under {length(under)} but for {said} of {'' if peaks == 1 else 'up to '}{length(worst)}{why}."


def _peaks(waits: Sequence[float], under: float) -> int:
    found, is_up = 0, False
    for wait in waits:
        found += wait >= under and not is_up
        is_up = wait >= under
    return found
