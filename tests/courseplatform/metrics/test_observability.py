"""What stands in docker/observability: it is valid, its alerts fire and keep quiet, and it names only what /metrics tells."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from courseplatform.metrics import web
from courseplatform.metrics.sources import families_now

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docker" / "observability"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
NAME = re.compile(r"\bmilliamp_[a-z_]+")


def promtool(*arguments, cwd=FOLDER):
    done = subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dashboard_queries():
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())]


def told():
    """Names as Prometheus stores them. Histograms and counters of requests stand there once something was counted."""
    names = {family.name + ("_total" if family.is_counter else "") for family in families_now()}
    for family in web.here.collect():
        ending = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",)}.get(family.type, ("",))
        names |= {family.name + end for end in ending}
    return names


@pytest.mark.part("promtool")
def test_the_alerts_and_the_configuration_are_valid(tmp_path):
    for name in ("prometheus.yml", "alerts.yml"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    (tmp_path / "metrics_token").write_text("any")
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml", cwd=tmp_path)
    assert f"{len(RULES)} rules found" in promtool("check", "rules", "alerts.yml")


@pytest.mark.part("promtool")
def test_every_alert_fires_and_none_while_all_is_well():
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")
    well, *wrong = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    names = [rule["alert"] for rule in RULES]
    assert [test["alertname"] for test in well["alert_rule_test"]] == names
    assert [test["name"] for test in wrong] == names
    assert all(test["alert_rule_test"][0]["exp_alerts"] for test in wrong)


@pytest.mark.part("promtool")
def test_every_query_of_the_dashboard_can_be_read(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "1m")}
        for number, (_, expr) in enumerate(dashboard_queries())
    ]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", "panels.yml", cwd=tmp_path)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["alerts", "dashboard"])
def test_only_metrics_that_are_told_are_asked_for(kind):
    queries = [(rule["alert"], rule["expr"]) for rule in RULES] if kind == "alerts" else dashboard_queries()
    known = told()
    unknown = {(title, name) for title, expr in queries for name in NAME.findall(expr) if name not in known}
    assert unknown == set()


@pytest.mark.django_db
def test_every_metric_that_is_told_is_looked_at_or_explained():
    asked = set(
        NAME.findall(" ".join(expr for _, expr in dashboard_queries()) + " ".join(rule["expr"] for rule in RULES))
    )
    text = (ROOT / "docs" / "operations.md").read_text()
    for name in told():
        base = re.sub(r"_(bucket|count|sum)$", "", name)
        assert base in text, f"{base} is not in docs/operations.md"
        assert any(other.startswith(base) for other in asked), name


def test_every_alert_has_its_paragraph():
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert headings == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")
