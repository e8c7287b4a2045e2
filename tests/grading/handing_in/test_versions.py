"""Several attempts: which one counts, comparing two of them, the pause between them."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, TooMany
from grading.models import LateVerdict, Result, Run, Submission
from grading.models.assignments import ActiveRule
from grading.services.activity import make_active
from grading.services.versions import attempt_choose
from tests.grading.figures.test_layer_rows import op, report
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy
from tests.grading.ranks.classroom import measured as run_measured
from tests.grading.ranks.classroom import with_device
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def measured(cast, tmp_path, earned, person=None, macs=1000, **metrics):
    """An attempt with a result, as the end of its run leaves it."""
    submission = hand_in(cast, person or cast.ruth, onnx_like(tmp_path, more=uuid4().bytes))
    lines = [{"key": "accuracy", "title": "Accuracy", "earned": f"{earned:.2f}", "of": "4.00"}]
    Result.objects.create(
        run=Run.objects.get(submission=submission), report={}, host={}, quality={}, environment={}, points=lines,
        metrics={"accuracy": 0.9, "macs": macs, "parameters": 10, "model_bytes": 100, "peak_activation_bytes": 50} | metrics,
        earned=Decimal(str(earned)), of=4,
    )  # fmt: skip
    Submission.objects.filter(pk=submission.pk).update(counts=True)
    make_active(submission)
    submission.refresh_from_db()
    return submission


def rule(cast, name):
    cast.lab.active_rule = name
    cast.lab.save()


def active_number():
    return Submission.objects.get(is_active=True).number


@pytest.mark.parametrize(("name", "number"), [(ActiveRule.BEST, 1), (ActiveRule.LATEST, 3), (ActiveRule.CHOSEN, 3)])
def test_the_rule_of_the_assignment_says_which_attempt_counts(cast, tmp_path, name, number):
    rule(cast, name)
    for earned in (3, 1, 2):
        measured(cast, tmp_path, earned)
    assert active_number() == number


def test_a_choice_stays_when_another_attempt_is_measured(cast, tmp_path):
    rule(cast, ActiveRule.CHOSEN)
    first = measured(cast, tmp_path, 1)
    measured(cast, tmp_path, 2)
    attempt_choose(visit=cast.visit(cast.ruth), submission=first)
    attempt_choose(visit=cast.visit(cast.ruth), submission=first)
    measured(cast, tmp_path, 4)
    assert active_number() == 1


def test_where_the_rule_decides_a_student_chooses_nothing(cast, tmp_path):
    first = measured(cast, tmp_path, 1)
    measured(cast, tmp_path, 2)
    with pytest.raises(Conflict) as refused:
        attempt_choose(visit=cast.visit(cast.ruth), submission=first)
    assert (refused.value.code, active_number()) == ("not_chosen_here", 2)
    attempt_choose(visit=cast.visit(cast.helen), submission=first)  # the staff may
    assert active_number() == 1


def test_an_attempt_without_a_result_cannot_be_chosen(cast, tmp_path):
    rule(cast, ActiveRule.CHOSEN)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    with pytest.raises(Conflict) as refused:
        attempt_choose(visit=cast.visit(cast.ruth), submission=submission)
    assert refused.value.code == "not_measured"


def test_choosing_the_attempt_that_was_on_time_gives_the_late_days_back(cast, tmp_path):
    with_policy(cast)
    rule(cast, ActiveRule.CHOSEN)
    first = measured(cast, tmp_path, 1)
    Submission.objects.filter(pk=first.pk).update(received_at=timezone.now() - timedelta(hours=40))
    due_ago(cast.lab, hours=30)
    second = measured(cast, tmp_path, 2)
    attempt_choose(visit=cast.visit(cast.ruth), submission=second)
    assert LateVerdict.objects.get().free_days_used == 2
    attempt_choose(visit=cast.visit(cast.ruth), submission=first)
    assert LateVerdict.objects.get().free_days_used == 0


def test_any_member_chooses_for_the_team_and_nobody_else(cast, client, tmp_path):
    rule(cast, ActiveRule.CHOSEN)
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    cast.lab.save()
    first = measured(cast, tmp_path, 1)
    measured(cast, tmp_path, 2)
    address = f"/courses/odml/attempts/{first.pk}/choose/"
    client.force_login(cast.sofia)
    assert client.post(address).status_code == 404
    client.force_login(cast.daniel)
    assert client.post(address).status_code == 302
    assert active_number() == 1


def test_the_pause_counts_from_attempts_that_count(cast, tmp_path):
    cast.lab.cooldown_minutes = 60
    cast.lab.save()
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    with pytest.raises(TooMany) as refused:
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"x"))
    assert refused.value.code == "cool_down"
    Submission.objects.filter(pk=first.pk).update(counts=False)  # a fault of ours
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"x")).number == 2


def test_two_attempts_are_compared_in_points_metrics_and_files(cast, client, tmp_path):
    measured(cast, tmp_path, 1, macs=4000)
    measured(cast, tmp_path, 3, macs=1000, accuracy=0.95)
    client.force_login(cast.ruth)
    page = " ".join(client.get("/courses/odml/assignments/lab1/compare/").content.decode().split())
    assert "Attempt 2 has 2.00 points more than attempt 1." in page
    assert "x 0.25" in page and "+5.0 points of %" in page and "+2.00" in page


def test_only_own_attempts_are_compared(cast, client, tmp_path):
    theirs = measured(cast, tmp_path, 1, person=cast.daniel)
    client.force_login(cast.ruth)
    address = "/courses/odml/assignments/lab1/compare/"
    assert client.get(address, {"a": str(theirs.pk)}).status_code == 404
    assert client.get(address, {"a": "nonsense"}).status_code == 404
    assert "There is nothing to compare yet" in client.get(address).content.decode()
    client.force_login(cast.helen)
    assert client.get(address, {"a": str(theirs.pk)}).status_code == 200


def test_comparing_takes_few_queries_whatever_their_number(cast, client, tmp_path, django_assert_max_num_queries):
    cast.lab.attempts_allowed = 50
    cast.lab.save()
    for n in range(12):
        measured(cast, tmp_path, n % 4)
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(14):
        assert client.get("/courses/odml/assignments/lab1/compare/").status_code == 200


def test_a_difference_under_five_percent_in_latency_is_a_tie_and_layers_stand_side_by_side(cast, client, tmp_path):
    with_device(cast.lab)
    for macs, latency in ((400, 20.0), (300, 20.9)):
        held = run_measured(cast, cast.ruth, tmp_path, latency_ms=latency, macs=macs).result
        held.report = report([op("conv", macs=macs), op("dense", macs=7)])
        held.save()
    client.force_login(cast.ruth)
    page = " ".join(client.get("/courses/odml/assignments/lab1/compare/").content.decode().split()).replace(
        "\u202f", " "
    )
    assert "20.0 ms" in page and "20.9 ms" in page and "less than 5 %, a tie" in page
    assert "1 of 2 layers differ: 0.100 k MACs fewer; most of it in conv." in page
    assert "−100" in page


def test_parameters_are_compared(cast, client, tmp_path):
    run_measured(cast, cast.ruth, tmp_path, params=10)
    run_measured(cast, cast.ruth, tmp_path, params=40)
    client.force_login(cast.ruth)
    page = client.get("/courses/odml/assignments/lab1/compare/").content.decode()
    assert "Parameters" in page and "x 4" in page
