"""The page on rules: each example is a spec that can be read, and gives what its table says."""

import re
from pathlib import Path

import pytest
import yaml

from grading.points.lines import points_for
from grading.spec import KINDS, BenchSpec
from grading.spec.device_metrics import DEVICE_METRICS
from tests.people import SPEC

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text()
BLOCK = re.compile(r"((?:^    .*\n)+)(?:\n(\| (\w+) \| Points \|\n(?:\|.*\n)+))?", re.MULTILINE)


def examples():
    for block, table, metric in BLOCK.findall(TEXT):
        if block.lstrip().startswith(".venv/bin/"):
            continue  # a command, no spec
        found = yaml.safe_load(block)
        rows = [re.findall(r"[\d.]+", row) for row in table.splitlines()[2:]]
        yield found if isinstance(found, dict) else {"criteria": found}, metric, rows


EXAMPLES = list(examples())


@pytest.mark.parametrize(
    ("keys", "metric", "rows"), EXAMPLES, ids=[keys["criteria"][0]["key"] for keys, _, _ in EXAMPLES]
)
def test_an_example_is_read_and_gives_what_its_table_says(keys, metric, rows):
    spec = BenchSpec.parse(SPEC | {"devices": ["rpi-4-4gb"]} | keys)
    for value, points in rows:
        assert points_for(spec, {metric: float(value)}, {}, {}).lines[0].earned == points, value


def test_every_rule_and_every_metric_of_a_board_is_there():
    kinds = {criterion["rule"]["kind"] for keys, _, _ in EXAMPLES for criterion in keys["criteria"]}
    assert kinds == set(KINDS)
    assert sum(len(rows) for _, _, rows in EXAMPLES) >= 18
    assert [metric for metric in DEVICE_METRICS if f"`{metric}`" not in TEXT] == []
