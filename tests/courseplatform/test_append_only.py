"""Histories and ledgers are only ever added to, wherever they stand."""

import pytest
from django.apps import apps

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.errors import Conflict
from courseplatform.core.states import MoveRow
from courseplatform.notices.models import AnnouncementMove
from tests.courseplatform.teams.builders import make_team

pytestmark = pytest.mark.django_db
KEPT = [model for model in apps.get_models() if issubclass(model, AppendOnly)]


def test_every_history_is_one_of_them():
    names = {model.__name__ for model in KEPT}
    assert names >= {
        "LateEntry",
        "GradeEvent",
        "GradeRelease",
        "ScheduleChange",
        "RosterChange",
        "SlotChange",
        "TeamEvent",
        "AccountMerge",
    }
    assert {model for model in apps.get_models() if issubclass(model, MoveRow)} <= set(KEPT)
    assert AnnouncementMove in KEPT


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_a_row_is_neither_changed_nor_deleted(model):
    row = model(pk=1)
    row._state.adding = False  # as one that was read
    rows = model._default_manager.filter(pk=1)
    for act in (row.save, row.delete, rows.delete, lambda: rows.update(pk=2)):
        with pytest.raises(
            Conflict, match=f"^{model.kept} is never (changed|deleted); write another line.$"
        ) as refused:
            act()
        assert refused.value.code == "append_only"


def test_what_belongs_to_a_row_above_goes_with_it(cast):
    """The cascade of the database is no change by somebody."""
    team = make_team(cast, "Magpie")
    team.events.create(by="Helen", sentence="Helen founded it")
    team.memberships.all().delete()
    team.delete()
    assert not type(team).events.rel.related_model.objects.exists()
