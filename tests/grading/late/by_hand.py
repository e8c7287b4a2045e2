"""A reader of explanations who knows nothing but the sentences: every sum in them is done again, and what comes out is compared.

`follow(explanation)` gives what the sentences lead to, or raises Unfollowable where a number does not follow from those before it.
"""

import re
from fractions import Fraction

NUMBER = r"\d+(?:\.\d+)?"
PENNY = Fraction(1, 100)  # what is shown is rounded to two decimals


class Unfollowable(AssertionError):
    """A sum that does not come out, or a sentence that nobody can place."""


def number(text):
    return Fraction(text)


def same(shown, computed, why):
    if abs(number(str(shown)) - Fraction(computed)) > PENNY:
        raise Unfollowable(f"{why}: {shown} is written, {float(computed)} comes out")


def only(pattern, sentences):
    """The match of the one sentence of this form, or None."""
    found = [match for sentence in sentences if (match := re.fullmatch(pattern, sentence))]
    if len(found) > 1:
        raise Unfollowable(f"two sentences of one form: {pattern}")
    return found[0] if found else None


def follow(explanation):
    """days_late, free_days_used, penalty_percent, max_percent, accepted and final_percent as the sentences give them."""
    units = _units(explanation)
    for_bank, kept = _relieved(explanation, units)
    found = {"days_late": for_bank + kept, "free_days_used": 0, "accepted": True, "final_percent": None}
    if "Not accepted: the maximum is 0 %." in explanation:
        refused = only(
            r".*: past the cutoff\. Refused; nothing is charged\.|Past the cutoff, .*\. Refused; nothing is charged\.",
            explanation,
        )
        if not refused and not only(
            r"\d+ - \d+ = [1-9]\d* uncovered: .* is refused; nothing is charged\.", explanation
        ):
            raise Unfollowable("refused, and no sentence says why")
        return found | {"accepted": False, "penalty_percent": 100, "max_percent": 0}
    found["free_days_used"], penalised, is_zero = _bank(explanation, for_bank)
    if is_zero:
        return found | {"penalty_percent": 100, "max_percent": 0}
    return found | _loss(explanation, penalised + kept, found["free_days_used"])


def _units(explanation):
    passed = only(
        rf"(\d+) (?:midnight|boundary|midnights|boundaries) passed \((.*)\) = (\d+) (?:late days?|units? of {NUMBER} h)(?:, .*)?\.",
        explanation,
    )
    if not passed:
        if not any(
            re.match(r"On time: 0|Within the grace|No (midnight|boundary) that|Excused", line) for line in explanation
        ):
            raise Unfollowable("nothing says how late it is")
        return 0
    listed, _, more = passed[2].partition(" and ")
    same(passed[1], len(listed.split("; ")) + int((more or "0").split()[0]), "the boundaries that are named")
    same(passed[3], int(passed[1]), "the late units")
    return int(passed[3])


def _relieved(explanation, units):
    """(units for the bank, units that stay penalised)"""
    extension = only(
        rf"An extension covers (\d+) (?:late days?|units? of {NUMBER} h)(, which stays? penalised)?\.", explanation
    )
    used = only(r"The extension covers (\d+): (\d+) - (\d+) = (\d+) for the bank\.", explanation)
    if not used:
        return units, 0
    same(used[1], min(units, int(extension[1])), "what the extension covers")
    same(used[4], units - int(used[1]), "what is left for the bank")
    return int(used[4]), int(used[1]) if extension[2] else 0


def _limit(text):
    """4 in the bank of ann; 6 + 1 granted - 3 drawn for other work = 4 in the bank of ann."""
    if " = " not in text:
        return int(text.split()[0])
    plus = re.fullmatch(
        r"(\d+)(?: \+ (\d+) granted)?(?: - (\d+) drawn for other work)? = (-?\d+)(, so 0)? in the bank of .*", text
    )
    same(plus[4], int(plus[1]) + int(plus[2] or 0) - int(plus[3] or 0), "what the bank holds")
    return max(int(plus[4]), 0)


def _bank(explanation, needed):
    """(units that the bank pays, units that are penalised, whether the work is worth nothing)"""
    covered = only(r"The bank covers the smallest of (.*): (\d+)\.", explanation)
    cover = 0
    if covered:
        limits = [_limit(text) for text in covered[1].split("; ")]
        same(limits[0], needed, "what is needed")
        same(covered[2], min(limits), "the smallest")
        cover = int(covered[2])
    if for_team := only(r"For the team (\d+): .*", explanation):
        cover = int(for_team[1])
    rest = only(r"(\d+) - (\d+) = (\d+) uncovered: (.*)\.", explanation)
    if not rest:
        if needed:
            raise Unfollowable("nothing says what becomes of the late units")
        return 0, 0, False
    same(rest[1], needed, "what is needed")
    same(rest[2], cover, "what the bank covers")
    same(rest[3], needed - cover, "what is uncovered")
    if nothing := re.fullmatch(r"the bank pays all or nothing, so it pays 0 and (\d+) (?:is|are) penalised", rest[4]):
        return 0, int(nothing[1]), False
    pays = int(re.search(r"the bank pays (\d+)", rest[4])[1])
    return pays, int(rest[3]), "worth nothing" in rest[4]


def _loss(explanation, penalised, used):
    parts = []
    penalty = only(rf"Penalty for (\d+) (?:late days?|units? of {NUMBER} h): (.*)\.", explanation)
    nothing = only(rf"(\d+) (?:late days?|units? of {NUMBER} h) costs? nothing\.", explanation)
    if bool(penalty or nothing) != bool(penalised):
        raise Unfollowable(f"{penalised} are penalised, and the penalty is not told")
    if penalised:
        same((penalty or nothing)[1], penalised, "what is penalised")
    if penalty:
        parts.append(_percent(penalty[2]))
    if costs := only(
        rf"Each unit that the bank pays costs ({NUMBER}) %: ({NUMBER}) x (\d+) = ({NUMBER}) %\.", explanation
    ):
        same(costs[3], used, "the units that the bank pays")
        same(costs[4], number(costs[1]) * int(costs[3]), "what they cost")
        parts.append(number(costs[4]))
    lost = min(sum(parts, Fraction()), Fraction(100))
    if len(parts) > 1:
        together = only(rf"Together ({NUMBER}) \+ ({NUMBER}) = ({NUMBER})(, at most 100)? %\.", explanation)
        same(together[3], number(together[1]) + number(together[2]), "both together")
    maximum = only(rf"Maximum: 100 - ({NUMBER}) = ({NUMBER}) %\.", explanation)
    if not maximum:
        if lost or "Nothing is lost: the maximum is 100 %." not in explanation:
            raise Unfollowable("no sentence gives the maximum")
        return {"penalty_percent": 0, "max_percent": 100, "final_percent": _final(explanation)}
    same(maximum[1], lost, "what is lost")
    same(maximum[2], 100 - number(maximum[1]), "the maximum")
    return {
        "penalty_percent": float(maximum[1]),
        "max_percent": float(maximum[2]),
        "final_percent": _final(explanation),
    }


def _percent(said):
    """12.5 + 33.33 x 2 = 79.16, at most 50 % off ...; 1 + 10 x 3 = 31 points off; 31 of 60 = 51.67 %"""
    sum_ = re.match(
        rf"(?:the last step, )?(?:(?:({NUMBER}) \+ )?({NUMBER}) x (\d+) = )?({NUMBER})(?:, at most ({NUMBER}))?(.*)",
        said,
    )
    amount = number(sum_[4])
    if sum_[2]:
        same(sum_[4], number(sum_[1] or "0") + number(sum_[2]) * int(sum_[3]), "the penalty")
    amount = min(amount, number(sum_[5])) if sum_[5] else amount
    tail = sum_[6]
    if re.fullmatch(r" % off (the maximum|what the work earned|the most it can get)", tail):
        return amount
    if re.fullmatch(rf" points off, more than all {NUMBER} = 100 %", tail):
        return Fraction(100)
    points = re.fullmatch(rf" points off; ({NUMBER}) of ({NUMBER}) = ({NUMBER}) %", tail)
    same(points[1], amount, "the points")
    same(points[3], number(points[1]) * 100 / number(points[2]), "the percentage of points")
    return number(points[3])


def _final(explanation):
    earned = only(rf"The work earned ({NUMBER}) %: (.*)\.", explanation)
    if not earned:
        return None
    raw, said = number(earned[1]), earned[2]
    if plain := re.fullmatch(rf"it gets ({NUMBER}) %", said):
        same(plain[1], raw, "what it gets")
        return float(plain[1])
    if re.fullmatch(rf"({NUMBER}) - ({NUMBER}) is below 0, so it gets 0 %", said):
        return 0
    if scaled := re.fullmatch(rf"({NUMBER}) x ({NUMBER}) / 100 = ({NUMBER}) %", said):
        same(scaled[3], raw * number(scaled[2]) / 100, "what it gets")
        return float(scaled[3])
    if capped := re.fullmatch(rf"the smaller of ({NUMBER}) and ({NUMBER}) = ({NUMBER}) %", said):
        same(capped[3], min(raw, number(capped[2])), "what it gets")
        return float(capped[3])
    less = re.fullmatch(rf"({NUMBER}) - ({NUMBER}) = ({NUMBER}) %", said)
    same(less[3], raw - number(less[2]), "what it gets")
    return float(less[3])
