"""What a stage says of itself: its state, its title, its sentence, and a drawing in which no word lies on another."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseplatform.courses.stages import Stage
from grading.energy.drawing import WIDTHS, drawing_of
from grading.energy.placing import box_of
from grading.energy.standing import finding_of, sum_sentence, title_of, uses_of

NEW_YORK = ZoneInfo("America/New_York")
STAGES = [
    Stage(1, "inference", "Inference", Decimal(4000), date(2023, 10, 9), date(2023, 10, 27), "sharing", NEW_YORK),
    Stage(2, "updates", "Updates on the device", Decimal(4000), date(2023, 10, 28), date(2023, 11, 21), "", NEW_YORK),
    Stage(3, "power", "Power", Decimal(4000), date(2023, 11, 22), date(2023, 12, 4), "", NEW_YORK),
]


@dataclass(frozen=True)
class Row:
    at: datetime
    label: str
    used_mah: Decimal


def row(day, mah, label="run", hour=12):
    month, number = day
    return Row(datetime(2023, month, number, hour, tzinfo=NEW_YORK), label, Decimal(mah))


MAGPIE = [
    row((10, 11), 640, "first demo"), row((10, 16), 820, "tracking on"), row((10, 21), 760, "crop of the hand"), row((10, 24), 520, "sharing demo"),
    row((10, 26), 380, "final model"), row((10, 30), 120, "imprint new signs"), row((11, 1), 380, "last layer"), row((11, 4), 540, "last layer, batch 8"),
    row((11, 5), 420, "bias only"),
]  # fmt: skip
NOV_6 = datetime(2023, 11, 6, 14, 30, tzinfo=NEW_YORK)


def plain(text):
    return text.replace("\u2009", " ").replace("\u202f", " ")


def test_the_numbers_of_team_magpie():
    uses = uses_of(STAGES, MAGPIE, {"sharing"}, NOV_6)
    assert [(use.used_mah, use.left_mah, use.state.value, f"{use.hours_at(600):.2f}") for use in uses] == [
        (3120, 880, "handed in", "5.20"), (1460, 2540, "running", "2.43"), (0, 4000, "not begun", "0.00"),
    ]  # fmt: skip
    assert plain(title_of(uses, NOV_6)) == "2 540 mAh are left in stage 2, for 15 days"
    assert plain(sum_sentence(uses[1])) == "Four readings add up to 1 460 of 4 000 mAh."
    said = "Stage 1 stayed 880 mAh under its budget; stage 2 is on course, with 36.5 % used and 39 % of its time gone."
    assert plain(finding_of(uses, NOV_6)) == said


@pytest.mark.parametrize(
    ("now", "title"),
    [
        (datetime(2023, 10, 6, 12, tzinfo=NEW_YORK), "Stage 1 begins in 3 days, with 4 000 mAh"),
        (datetime(2023, 10, 8, 23, 59, tzinfo=NEW_YORK), "Stage 1 begins in 1 day, with 4 000 mAh"),
        (datetime(2023, 10, 9, 0, 0, tzinfo=NEW_YORK), "4 000 mAh are left in stage 1, for 18 days"),
        (datetime(2023, 10, 27, 23, 59, tzinfo=NEW_YORK), "4 000 mAh are left in stage 1, today only"),
        (datetime(2023, 10, 28, 0, 0, tzinfo=NEW_YORK), "4 000 mAh are left in stage 2, for 24 days"),
        (datetime(2023, 11, 20, 12, tzinfo=NEW_YORK), "4 000 mAh are left in stage 2, for 1 day"),
        (datetime(2023, 12, 5, 0, 0, tzinfo=NEW_YORK), "The last stage ended without a reading"),
    ],
)
def test_the_title_answers_at_every_time_of_the_term(now, title):
    assert plain(title_of(uses_of(STAGES, [], set(), now), now)) == title


def test_a_stage_is_on_by_the_courses_midnight_and_not_by_that_of_utc():
    late = datetime(2023, 10, 28, 3, 59, tzinfo=UTC)  # 23:59 of Oct 27 in New York
    assert [use.is_now for use in uses_of(STAGES, [], set(), late)] == [True, False, False]
    reading = Row(late, "last minute", Decimal(10))
    assert uses_of(STAGES, [reading], set(), NOV_6)[0].used_mah == 10


def test_the_share_of_time_counts_the_hour_that_the_clocks_give_back():
    use = uses_of(STAGES, [], set(), NOV_6)[1]
    half = use.stage.begins_at.astimezone(UTC) + timedelta(hours=(25 * 24 + 1) / 2)  # 25 days, one of 25 hours
    assert use.time_gone(half) == 0.5


def test_over_the_budget_is_told_with_by_how_much():
    uses = uses_of(STAGES, [row((11, 1), 4000), row((11, 2), 310)], set(), NOV_6)
    assert plain(title_of(uses, NOV_6)) == "Stage 2 is 310 mAh over its budget"
    assert "stage 2 used 4 310 of 4 000 mAh: 310 over" in plain(finding_of(uses, NOV_6))
    assert uses[2].left_mah == 4000  # nothing passes on


READINGS = st.lists(
    st.builds(
        lambda hours, mah, label: Row(STAGES[0].begins_at + timedelta(hours=hours), label, Decimal(mah)),
        st.integers(0, 56 * 24 - 1), st.integers(1, 3000), st.sampled_from(["run", "last layer, batch 8", "a long name of a run on the board"]),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(READINGS, st.integers(0, 60), st.sampled_from(list(WIDTHS)), st.sampled_from(["4000", "1500", "0.5", "90000"]))
def test_whatever_was_measured_no_word_lies_on_another_and_nothing_leaves_the_picture(readings, days, size, budget):
    now = STAGES[0].begins_at + timedelta(days=days)
    stages = [STAGES[0], replace(STAGES[1], budget_mah=Decimal(budget)), STAGES[2]]
    drawing = drawing_of(uses_of(stages, readings, set(), now), now, size)
    boxes = [box_of(text.text, text.x, text.y, text.anchor) for text in drawing.texts if text.y < drawing.height - 30]
    assert not [(one, other) for n, one in enumerate(boxes) for other in boxes[n + 1 :] if one.meets(other)]
    assert all(box.left >= -1 and box.right <= drawing.width + 1 and box.top >= 0 for box in boxes)
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y, _ in drawing.dots)


def test_the_drawing_of_team_magpie_has_its_labels():
    drawing = drawing_of(uses_of(STAGES, MAGPIE, set(), NOV_6), NOV_6, "wide")
    said = {plain(text.text) for text in drawing.texts}
    assert {
        "tracking on 820", "final model 380", "880 left", "1 460 today", "420  bias only", "120  imprint new signs", "2 540 left, until Nov 21",
        "not begun", "budget of each stage: 4 000 mAh", "4 000", "0", "1 Inference", "2 Updates on the device",
    } <= said  # fmt: skip
    assert len(drawing.dots) == len(MAGPIE) + 1
