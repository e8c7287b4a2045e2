"""The first sentence of the page, and those of the plot."""

from courseplatform.core.lines import LineNow
from courseplatform.core.numbers import WHOLE
from courseplatform.status.words import drain_words, line_badge, night_words, verdict


def line(waiting=0, oldest_s=None, *, kind="live_runs", held_back=False):
    return LineNow(kind, "Live runs", waiting, oldest_s, 0, 180.0, held_back=held_back)


def plain(text):
    return text.replace(WHOLE, " ")


def test_all_is_well():
    found = verdict([line()], silent_s=3.0)
    assert (found.tone, found.title) == ("good", "Everything works")
    assert found.sentence == "No run waits. No run was lost in the last 12 hours."


def test_a_slow_line_does_not_touch_handing_in():
    found = verdict([line(12, 250.0)], silent_s=3.0)
    assert found.title == "Everything works; benchmarking is slow"
    assert plain(found.sentence).startswith("12 runs wait, the oldest for 4 min 10 s. Handing in is not affected")


def test_what_is_held_back_on_purpose_is_not_slow():
    held = line(8, 18_000.0, kind="reruns", held_back=True)
    assert verdict([held], silent_s=1.0).tone == "good"
    assert line_badge(held).word == "held back, on purpose"


def test_something_that_keeps_everybody_from_working_comes_first():
    found = verdict([line(12, 250.0)], troubles=[("Mail is late", False), ("Files cannot be handed in", True)], silent_s=1.0)  # fmt: skip
    assert (found.tone, found.title) == ("bad", "Files cannot be handed in")


def test_a_silent_worker_is_told_with_for_how_long():
    found = verdict([line()], silent_s=90.0)
    assert found.tone == "bad"
    assert "1 min 30 s" in plain(found.sentence)


def test_workers_that_have_not_begun_are_not_called_broken():
    assert verdict([line()], silent_s=None).title == "You can hand in; the workers are starting"


def test_runs_that_were_lost_are_counted_and_not_denied():
    assert "2 runs of the last 12 hours ended by a fault of ours; they cost no attempt." in verdict([line()], silent_s=1.0, lost=2).sentence  # fmt: skip


def test_the_drain_is_an_arithmetic_that_can_be_checked():
    assert plain(drain_words(12, 190.0, 2)) == "12 waiting × 3 min 10 s / 2 workers = 19 min to drain; with 3 workers 12 min 40 s."  # fmt: skip
    assert "nothing drains" in drain_words(3, 10.0, 0)
    assert "nothing to drain" in drain_words(0, None, 1)


def test_a_night_is_told_by_its_peak_and_why():
    series = [(n * 60.0, 200.0) for n in range(60)] + [(3600.0, 542.0)] + [(3660.0 + n * 60, 210.0) for n in range(60)]
    said = plain(night_words(series, names=["Worker bench-2 stopped"]))
    assert said == "The wait was under 5 min but for one peak of 9 min 2 s, when this broke: Worker bench-2 stopped."


def test_a_quiet_night_and_one_that_nobody_watched_are_told_apart():
    assert night_words([(0.0, 0.0), (60.0, 0.0)]) == "Nothing waited."
    assert "Nobody looked" in night_words([])
