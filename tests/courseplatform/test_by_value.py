"""What is kept under a digest of its facts: the same facts spare the work, other facts never get it."""

from datetime import UTC, datetime
from decimal import Decimal

from courseplatform.core.by_value import ByValue


def test_the_same_facts_are_made_once_and_others_anew():
    kept, made = ByValue[int](most=3), []
    facts = ({"earned": Decimal("1.50")}, datetime(2024, 3, 1, tzinfo=UTC))

    def make():
        made.append(1)
        return len(made)

    assert [kept.of(facts, make), kept.of(({"earned": Decimal("1.50")}, facts[1]), make)] == [1, 1]
    assert kept.of(({"earned": Decimal("1.51")}, facts[1]), make) == 2


def test_what_was_not_asked_for_longest_goes_first():
    kept = ByValue[str](most=2)
    kept.of("a", lambda: "first")
    kept.of("b", lambda: "first")
    kept.of("a", lambda: "again")
    kept.of("c", lambda: "first")
    assert [kept.of("a", lambda: "again"), kept.of("c", lambda: "again"), kept.of("b", lambda: "again")] == [
        "first",
        "first",
        "again",
    ]
