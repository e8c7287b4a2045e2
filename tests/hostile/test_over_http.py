"""Bad files sent to a running site by HTTP, by every door of their kind: no fault, no run that is stuck, and a good model comes through after.

A part of them; `python -m tests.load.bad_files http` sends all.
"""

import re

import pytest

from tests.hostile.bad_documents import every_document
from tests.hostile.bad_files import every_case
from tests.hostile.over_http.trial import HostileSite, table
from tests.hostile.test_bad_documents import PDFS
from tests.parts import ROOT

GOOD = ROOT / "grading" / "demo" / "models" / "digits-narrow.onnx"
MODELS = re.compile(
    r"onnx-(cut-half|cyclic|weights-short|outside-(passwd|nul)|if|domain-com-example|opset99|bernoulli|step-nan)\."
    r"|tflite-(cut-half|custom-flex|while|weights-negative|type-string|unsorted|buffer-header)\."
    r"|export-(guards-class|opset-99|unsorted|weights-strides)\."
    r"|script-(call-reduce-in-data|weights-long|pickle-deep|code-no-forward|load-raise|load-write)\.|zip-(bomb|name-up|says-encrypted|link)\.pt2?$"
    r"|no-model-(empty|pdf|weights-\w+|weights-[\w-]+)\.(pt|safetensors|tflite)$|no-model-call-(reduce|eval)|no-ending"
)
LEAST = 150


@pytest.fixture(scope="module")
def cases():
    documents = [
        one
        for one in every_document(turned=2)
        if not one.name.startswith("pdf-") or any(part in one.name for part in PDFS)
    ]
    return [*documents[::2], *(one for one in every_case() if MODELS.search(one.name))]


def test_a_site_that_is_sent_bad_files_answers_each_and_lives(tmp_path, cases):
    assert len(cases) >= LEAST
    site = HostileSite(tmp_path, senders=40)
    try:
        site.send(cases)
        site.settle()
        print(table(site.tallies))
        assert {kind: one.breaches for kind, one in site.tallies.items() if one.breaches} == {}
        assert sum(one.refused for one in site.tallies.values()) > LEAST
        assert sum(sum(one.outcomes.values()) for one in site.tallies.values()) > 20
        assert site.is_alive(GOOD.read_bytes())
        assert site.traces() == []
    finally:
        site.stop()
