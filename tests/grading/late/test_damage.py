"""Whatever becomes of a late-day file, it is answered or refused with lines: never another error, never NaN, never without end."""

import copy
import json
import random
import time

import pytest
import yaml

from courseplatform.courses.course_file.reading import FileError
from grading.course_file.late.report import late_report
from tests.grading.late.test_second_opinion import CASES
from tests.grading.late.worlds import world

VALUES = [
    None, True, False, 0, -1, 1, 2.0, 0.1, 1e308, -1e308, 1e-308, 10**30, 10_000, "", "a", "x\n", "00:00\n", "00:0\u0663", "\u2028", "0x10", "<<",
    "0001-01-01 00:00", "9999-12-31 23:59", "1970-01-01 00:00", "2200-12-31 23:59", "2022-03-13 02:30", "2022-11-06 01:30", "2022-10-04 23:59\n",
    "1970-01-01T00:00+23:59", "2200-12-31T23:59-23:59", "America", "..", "UTC", "Pacific/Apia", [], {}, [[]], {"a": 1}, ["a", "a"], [1], {"units": 3},
]  # fmt: skip
KEYS = [
    "from",
    "to",
    "at",
    "fold",
    "units",
    "until",
    "bank",
    "banks",
    "early",
    "cap",
    "cutoff",
    "due",
    "points",
    "keeps_penalty",
    "",
    "a\n",
]
BYTES = [
    b"\t",
    b"&a ",
    b"*a",
    b"!!x ",
    b"---\n",
    b"\xff",
    b"\0",
    b"[",
    b"{",
    b'"',
    b": ",
    b"\n",
    b"#",
    b"? ",
    b"- ",
    b"\xef\xbb\xbf",
    b".inf",
    b"\x85",
]


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def damage(document, rng):
    """Replaces, drops, doubles, swaps or adds something somewhere. Values of one key change places, so that many stay valid."""
    found = [path for path in places(document) if path]
    path = rng.choice(found)
    parent, key = at(document, path[:-1]), path[-1]
    kind = rng.choice(["value", "other", "other", "other", "drop", "double", "key"])
    if kind == "value":
        parent[key] = rng.choice(VALUES)
    elif kind == "other":
        same = [other for other in found if other[-1] == key and type(at(document, other)) is type(parent[key])]
        parent[key] = copy.deepcopy(at(document, rng.choice(same)))
    elif kind == "drop":
        del parent[key]
    elif kind == "double" and isinstance(parent, list):
        parent.insert(rng.randrange(len(parent) + 1), copy.deepcopy(parent[key]))
    elif isinstance(parent, dict):
        parent[rng.choice(KEYS)] = rng.choice(VALUES)


def damaged(seed):
    """A case or a world with one to three things changed, now and then in its bytes too."""
    rng = random.Random(seed)
    document = yaml.safe_load(rng.choice(CASES).read_text()) if rng.random() < 0.4 else world(rng.randrange(10_000))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        damage(document, rng)
    content = yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()
    for _ in range(rng.choice([0, 0, 0, 0, 1, 3])):
        spot = rng.randrange(len(content) + 1)
        content = content[:spot] + rng.choice(BYTES) + content[spot + rng.choice([0, 0, 1, 2]) :]
    return content


def answered(content):
    """True for a report, False for a refusal; both are looked at."""
    report = refused = None
    try:
        report = late_report(content)
    except FileError as error:
        refused = error.findings
    if report is None:
        lines = content.count(b"\n") + content.count(b"\r") + content.count(b"\x85") + content.count(b"\xa8") + 2
        assert refused
        assert all(1 <= one.line <= lines and one.code and one.sentence for one in refused)
        return False
    json.dumps(report, allow_nan=False)
    for verdict in report["verdicts"]:
        assert 0 <= verdict["max_percent"] <= 100
        assert 0 <= verdict["penalty_percent"] <= 100
        assert verdict["days_late"] >= verdict["free_days_used"] >= 0
        assert verdict["explanation"]
    return True


@pytest.mark.parametrize("first", range(0, 240, 60))
def test_a_damaged_file_is_answered_or_refused(first):
    found = [answered(damaged(seed)) for seed in range(first, first + 60)]
    assert 3 < sum(found) < 57  # both happen, so both are tried


def test_a_large_term_is_answered_and_does_not_grow_by_the_square():
    """20 000 hand-ins of 500 teams that have all changed their members often: a walk through all for each would take minutes."""
    lines = ["zone: America/New_York", "policy: {bank: {days: 6, owner: person}, penalty: {each: 10}}", "assignments:"]
    lines += [f'  lab{n}: {{due: "2022-09-{n + 1:02} 23:59"}}' for n in range(20)]
    lines += [f"people: [{', '.join(f'p{n}' for n in range(500))}]", "teams:"]
    for n in range(500):
        lines += [f"  t{n}:"]
        lines += [f'    - {{person: p{n}, from: "2022-0{m}-01", to: "2022-0{m + 1}-01"}}' for m in range(1, 9)]
        lines += [f'    - {{person: p{n}, from: "2022-09-01"}}']
    lines.append("submissions:")
    lines += [
        f'  - {{owner: t{n % 500}, assignment: lab{n % 20}, at: "2022-10-{n % 28 + 1:02} 12:00"}}'
        for n in range(20_000)
    ]
    begun = time.monotonic()
    report = late_report("\n".join(lines).encode())
    assert len(report["verdicts"]) == 500
    assert time.monotonic() - begun < 60
