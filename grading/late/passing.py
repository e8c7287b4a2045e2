"""Whether a person has handed in what the course asks of everybody who passes."""

from collections import defaultdict
from collections.abc import Iterable

from grading.late.facts import PassRule, PassVerdict, Verdict
from grading.late.words import pass_reasons


def passes_of(
    rule: PassRule, people: Iterable[str], excused: Iterable[tuple[str, str]], verdicts: Iterable[Verdict]
) -> dict[str, PassVerdict]:
    """Of everybody. Whoever is excused from something needs as much less."""
    taken: dict[str, set[str]] = defaultdict(set)
    for verdict in verdicts:
        if verdict.accepted:
            taken[verdict.person].add(verdict.assignment)
    found = {}
    for person in sorted(people):
        spared = {name for who, name in excused if who == person} & set(rule.of)
        done = taken[person] & set(rule.of)
        needed = max(rule.turned_in - len(spared), 0)
        found[person] = PassVerdict(len(done) >= needed, tuple(pass_reasons(rule, done, spared)))
    return found
