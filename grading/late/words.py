"""The explanation of a verdict: sentences that can be followed by hand, from the two times to the last number.

Each number is a field of the verdict, of the policy or of the file, or is computed from numbers before it; what is shown is rounded to
two decimals, what is computed is exact. tests/grading/late/test_words.py follows them by hand.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from grading.late.facts import ALL, Deadline, HandIn, PassRule, Policy, Request
from grading.late.money import Outcome, shown
from grading.late.words_of_money import covered, penalty_parts, penalty_sentences, rest
from grading.late.words_of_time import counted, cutoff_words, extended, handed_in, relieved


def explain(
    policy: Policy, deadline: Deadline, hand_in: HandIn, outcome: Outcome, *,
    payer: str | None, final: Fraction | None, is_excused: bool, requests: Iterable[Request], attempts: int = 1,
) -> Iterator[str]:  # fmt: skip
    """One sentence a step. The first says the two times that are compared, the last what the work gets or could get at most.

    payer: whose bank it is; attempts: how many there were to choose the judged one from.
    """
    late = outcome.lateness
    yield handed_in(policy, deadline, hand_in)
    if attempts > 1:
        yield _chosen(policy, hand_in, outcome, attempts)
    if is_excused:
        yield "Excused: never late and never charged."
        yield from _end(policy, deadline, outcome, hand_in, final)
        return
    yield from extended(policy, deadline, late)
    yield from counted(policy, deadline, hand_in, late)
    yield from relieved(policy, late)
    if late.is_cut:
        yield f"{cutoff_words(policy, deadline, late)} Refused; nothing is charged."
    elif late.needed:
        yield from covered(policy, deadline, outcome, payer, list(requests))
        yield rest(policy, deadline, outcome)
    yield from penalty_sentences(policy, deadline, outcome)
    yield from _end(policy, deadline, outcome, hand_in, final)


def _chosen(policy: Policy, hand_in: HandIn, outcome: Outcome, attempts: int) -> str:
    why = {
        "active": "the active one" if hand_in.is_active else "none is active, and it is the last that is not past the cutoff",
        "last": "the last that is not past the cutoff",
        "best": "the one with the best result",
        "last_affordable": "the last that the bank covers in full" if outcome.is_free else "the bank covers none in full, and it is the first that is late",
    }[policy.attempt]  # fmt: skip
    if policy.attempt in {"active", "last"} and outcome.lateness.is_cut and not hand_in.is_active:
        why = "all are past the cutoff, and it is the last"
    return f"Of {attempts} attempts this one is judged: {why}."


def _end(
    policy: Policy, deadline: Deadline, outcome: Outcome, hand_in: HandIn, final: Fraction | None
) -> Iterator[str]:
    if not outcome.accepted:
        yield "Not accepted: the maximum is 0 %."
        return
    if outcome.is_zero:
        yield "Taken as turned in, and worth 0 %: the maximum is 0 %."
        return
    parts = penalty_parts(policy, deadline, outcome)
    if not outcome.lost:
        yield "Nothing is lost: the maximum is 100 %."
    elif len(parts) > 1:
        most = ", at most 100" if sum(parts) > ALL else ""
        said = f"{' + '.join(str(shown(part)) for part in parts)} = {shown(sum(parts, Fraction()))}{most}"
        yield f"Together {said} %."
        yield f"Maximum: 100 - {shown(outcome.lost)} = {shown(outcome.maximum)} %."
    else:
        yield f"Maximum: 100 - {shown(outcome.lost)} = {shown(outcome.maximum)} %."
    if final is not None and hand_in.raw_percent is not None:
        yield f"The work earned {shown(hand_in.raw_percent)} %: {_final(policy, outcome, hand_in.raw_percent, final)}."


def _final(policy: Policy, outcome: Outcome, raw: Fraction, final: Fraction) -> str:
    if not outcome.lost:
        return f"it gets {shown(final)} %"
    if policy.penalty.kind == "percent_of_earned":
        return f"{shown(raw)} x {shown(outcome.maximum)} / 100 = {shown(final)} %"
    if policy.penalty.kind == "cap":
        return f"the smaller of {shown(raw)} and {shown(outcome.maximum)} = {shown(final)} %"
    if raw < outcome.lost:
        return f"{shown(raw)} - {shown(outcome.lost)} is below 0, so it gets 0 %"
    return f"{shown(raw)} - {shown(outcome.lost)} = {shown(final)} %"


def pass_reasons(rule: PassRule, done: set[str], excused: set[str]) -> Iterator[str]:
    """Why somebody passes or does not, as far as it hangs on what was turned in."""
    named = f" ({', '.join(sorted(done))})" if done else ""
    needed = max(rule.turned_in - len(excused), 0)
    yield f"{len(done)} of {len(rule.of)} turned in{named}; {rule.turned_in} {'is' if rule.turned_in == 1 else 'are'} needed."
    if excused:
        less = f"{rule.turned_in} - {len(excused)} = {needed}" if rule.turned_in >= len(excused) else "0"
        yield f"Excused from {', '.join(sorted(excused))}: {less} needed."
