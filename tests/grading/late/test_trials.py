"""Trying one more hand-in many times says what asking anew says each time, whatever the facts."""

import yaml

from grading.course_file.late.facts import read_late_file
from grading.latepolicy import Trials, assess
from tests.grading.late.test_latepolicy import DUMPER
from tests.grading.late.worlds import world


def both(found, left_out):
    """The answers with one hand-in put back: by trials, and by asking anew."""
    others = [one for one in found.submissions if one is not left_out]
    facts = (found.extensions, found.grants, found.memberships)
    named = {"people": found.people, "teams": found.teams, "excused": found.excused, "requests": found.requests}
    trials = Trials(found.policy, found.deadlines, others, *facts, **named)
    # Others between: nothing of a trial may be left in the next one.
    for one in (left_out, *found.submissions[:2], left_out):
        if one is left_out:
            said = assess(found.policy, found.deadlines, [*others, one], *facts, **named, explained=one.assignment)
            assert of_one(trials.with_one(one, explained=True), one) == of_one(said, one)
        asked = assess(found.policy, found.deadlines, [*others, one], *facts, **named, explained=False)
        yield trials.with_one(one), asked
        assert all(verdict.days_late in trials.units_of(verdict.person, one) for verdict in of_one(asked, one))
    yield trials.without(), assess(found.policy, found.deadlines, others, *facts, **named, explained=False)


def of_one(found, hand_in):
    return [verdict for verdict in found.verdicts if verdict.submission_id == hand_in.id]


def test_a_trial_says_what_asking_anew_says():
    compared = 0
    for seed in range(40):
        found = read_late_file(yaml.dump(world(seed), Dumper=DUMPER, sort_keys=False).encode())
        for left_out in found.submissions[:4]:
            for tried, asked in both(found, left_out):
                assert tried == asked, seed
                compared += 1
    assert compared > 100
