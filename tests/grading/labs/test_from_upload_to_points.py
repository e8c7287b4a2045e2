"""Each lab by its reference submission, which gets what is measured, and by the one that falls short, which loses what it is about."""

from decimal import Decimal

import pytest
from django.utils.html import escape

from grading.labs.catalogue import BY_SLUG, LABS
from grading.labs.installing import entries
from grading.measuring import worker
from tests.grading.labs.working import lines_of, measured, published, words_of
from tests.grading.measuring.test_worker import StillHeart

pytestmark = pytest.mark.django_db
# What the short submission loses: the criterion, and words of its explanation.
LOSES = {
    "benchmarking": {"macs": "42.2 k MACs or worse: 0; 42.2 k MACs is that of the widest variant of ours", "file": "above 64.0 KiB: 0"},
    "pruning": {"channels": "81.9 k MACs is above 41.0 k MACs; 41.0 k MACs is 0.5 x 81.9 k MACs of the dense model"},
    "quantization": {"accuracy": "or worse: 0; 87.5 % is 97.5 % of the float32 model - 10.0 %"},
    "architecture-search": dict.fromkeys(("fits", "good", "better", "best"), "54.0 KiB of RAM too much"),
    "distillation": {"agreement": "or worse: 0", "divergence": "or worse: 0", "accuracy": "or worse: 0"},
    "microcontroller": {"fits": "It computes in int8 only", "ram": "at most 64.0 KiB: 0.50"},
    "energy": {"charge": "(0.3000 - 0.2774) / (0.3000 - 0.1500) x 2.00", "energy": "/ (12.00 - 6.000) x 2.00"},
    "training": {"memory": "above 512 KiB: 0", "batch": "below 16"},
    "training-step": {"accuracy": "or worse: 0", "gain": "or worse: 0", "memory": "at most 512 KiB: 0.50"},
    "keyword-spotting": {"half": "3.82 M MACs is above 1.33 M MACs; 1.33 M MACs is 0.5 x 2.66 M MACs of the DS-CNN", "file": "52.3 KiB is above 26.3 KiB",
                         "memory": "27.3 KiB is above 15.6 KiB; 15.6 KiB is that of the DS-CNN"},
    "image-classification": {"half": "17.3 M MACs is above 6.25 M MACs; 6.25 M MACs is 0.5 x 12.5 M MACs of the ResNet-8", "file": "217 KiB is above 96.2 KiB",
                             "memory": "120 KiB is above 48.0 KiB; 48.0 KiB is that of the ResNet-8"},
    "pipeline": {"rate": "(478.1 - 300.0) / (600.0 - 300.0) x 2.00", "energy": "/ (18.00 - 12.00) x 1.00"},
}  # fmt: skip
# No machine gives points for these: the staff decide, and the line says why.
LEFT_OPEN = {
    "microcontroller": {"latency": "Extrapolated: Measured on a NUCLEO-H7A3ZI-Q"},
    "training": {"time": "stm32f746 was never calibrated at fp32"},
}


@pytest.fixture(autouse=True)
def still_heart(monkeypatch):
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)


def test_every_lab_is_proved_here():
    assert list(LOSES) == [lab.slug for lab in LABS] == list(entries())


# Those whose way through the machine another one of them takes too, or that tests of their own take.
IN_FIGURES = ("architecture-search", "distillation", "training-step", "keyword-spotting", "image-classification")


@pytest.mark.parametrize(
    "slug", [pytest.param(slug, marks=[pytest.mark.whole] if slug in IN_FIGURES else []) for slug in LOSES]
)
def test_reference_gets_what_is_measured_and_the_short_one_loses_what_the_lab_is_about(client, cast, tmp_path, slug):
    lab, ruth, daniel = BY_SLUG[slug], cast.ruth, cast.daniel
    row = published(cast, lab)
    reference, short = measured(cast, row, (ruth, lab.make_reference(tmp_path)), (daniel, lab.make_short(tmp_path)))
    left_open = LEFT_OPEN.get(slug, {})
    for run in (reference, short):
        assert run.outcome == "measured", run.error_message
        assert {key for key, line in lines_of(run).items() if line["left_open"]} == set(left_open)
    _reference_is_whole(reference, left_open)
    _short_loses(short, LOSES[slug])
    _is_explained(client, daniel, short, LOSES[slug])


def _reference_is_whole(run, left_open):
    for key, line in lines_of(run).items():
        if key in left_open:
            assert left_open[key] in words_of(line)
        elif not line["bonus"]:
            assert line["earned"] == line["of"], (key, words_of(line))
    assert Decimal(run.result.earned) >= Decimal(run.result.of) - Decimal(run.result.left_open)


def _short_loses(run, loses):
    for key, line in lines_of(run).items():
        if line["bonus"] or line["left_open"]:
            continue
        is_lost = Decimal(line["earned"]) < Decimal(line["of"])
        assert is_lost == (key in loses), (key, line["value"], words_of(line))
        if is_lost:
            assert loses[key] in words_of(line)


def _is_explained(client, person, run, loses):
    """The student reads on the result page what was lost."""
    client.force_login(person)
    page = client.get(run.get_absolute_url())
    assert page.status_code == 200
    for key in loses:
        assert escape(lines_of(run)[key]["title"]) in page.content.decode()
