"""A person is deleted: what is theirs alone goes, what others need stays without their name."""

from types import SimpleNamespace

import pytest
from django.core.management import call_command

from courseplatform.accounts.models import AccessToken, User
from courseplatform.audit.models import AuditRow
from courseplatform.core.errors import AppError
from courseplatform.keeping.erasing import erased_again, person_erase, person_erase_preview
from courseplatform.keeping.models import DeletionRequest
from courseplatform.notices.models.notifications import Notification
from grading.models import Submission
from grading.models.pieces import Piece
from tests.courseplatform.accounts.builders import make_token
from tests.courseplatform.teams.builders import make_team
from tests.grading.handing_in.parts import piece_of
from tests.people import hand_in, make_cast, onnx_like

pytestmark = pytest.mark.django_db
PAGE = "/leaving/delete/"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture(autouse=True)
def _own_ledger(settings, tmp_path):
    (tmp_path / "kept").mkdir()
    settings.MEDIA_ROOT = settings.MEDIA_ROOT  # files stay where they are; the ledger alone is elsewhere
    settings.DATA_DIR = tmp_path / "kept"


def everything(person):
    """Columns of text anywhere that hold the address."""
    from django.apps import apps

    return [
        f"{model._meta.label}.{one.name}"
        for model in apps.get_models()
        for one in model._meta.local_concrete_fields
        if one.get_internal_type() in {"CharField", "EmailField"}
        and model._base_manager.filter(**{one.name: person}).exists()
    ]


def test_files_sign_in_and_address_go_and_the_work_stays(cast, tmp_path):
    piece = piece_of(cast, cast.ruth, tmp_path)
    make_token(cast.ruth)
    done = person_erase(person=cast.ruth, by="olu@example.edu", why="asked in writing")
    submission = Submission.objects.get(person=cast.ruth)
    piece.refresh_from_db()
    ruth = User.objects.get(pk=cast.ruth.pk)
    assert not submission.model_file and not piece.file and submission.sha256
    assert submission.signature == ""
    assert (
        ruth.name == done.name
        and ruth.name.startswith("Former student ")
        and not ruth.is_active
        and not ruth.has_usable_password()
    )
    assert (
        not AccessToken.objects.filter(person=ruth).exists() and not Notification.objects.filter(person=ruth).exists()
    )
    assert everything("ruth@example.edu") == []


def test_the_audit_says_that_it_was_done_and_not_who_it_was(cast):
    person_erase(person=cast.ruth, by="olu@example.edu", why="asked in writing")
    row = AuditRow.objects.get(actor="olu@example.edu")
    assert "Former student" in row.what and "Ruth" not in row.what and "ruth@" not in row.what


def test_what_a_team_handed_in_stays(cast, tmp_path):
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    cast.lab.team_size = 2
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    Submission.objects.filter(pk=submission.pk).update(team=cast.course.teams.get())
    person_erase(person=cast.ruth, by="olu@example.edu", why="asked")
    submission.refresh_from_db()
    assert submission.model_file


def test_the_preview_says_the_same_and_changes_nothing(cast, tmp_path):
    piece_of(cast, cast.ruth, tmp_path)
    said = person_erase_preview(person=cast.ruth).said
    assert User.objects.get(pk=cast.ruth.pk).email == "ruth@example.edu"
    assert Submission.objects.get().model_file and Piece.objects.get().file
    assert person_erase(person=cast.ruth, by="olu@example.edu", why="asked").said == said


@pytest.mark.parametrize("who", ["helen", "amit", "olu"])
def test_staff_and_operators_are_not_deleted(cast, who):
    with pytest.raises(AppError) as caught:
        person_erase(person=getattr(cast, who), by="test", why="asked")
    assert caught.value.code == "still_staff"


def test_nobody_is_deleted_twice(cast):
    person_erase(person=cast.ruth, by="test", why="asked")
    with pytest.raises(AppError) as caught:
        person_erase(person=User.objects.get(pk=cast.ruth.pk), by="test", why="asked")
    assert caught.value.code == "erased_already"


def test_the_command_shows_first_and_wants_the_address_twice(cast, capsys):
    call_command("person_delete", "ruth@example.edu")
    assert "Nothing was changed" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        call_command("person_delete", "ruth@example.edu", why="asked", confirm="daniel@example.edu")
    assert caught.value.code == 2
    assert User.objects.filter(email="ruth@example.edu").exists()
    call_command("person_delete", "ruth@example.edu", why="asked", confirm="Ruth@example.edu")
    assert not User.objects.filter(email="ruth@example.edu").exists()


def test_a_restore_deletes_once_more_who_was_deleted_since(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        person_erase(person=cast.ruth, by="test", why="asked")
    User.objects.filter(pk=cast.ruth.pk).update(
        email="ruth@example.edu", name="Ruth", is_active=True
    )  # as the set has it
    manifest = SimpleNamespace(name="set")
    assert erased_again(manifest) == "1 people who were deleted after this set are deleted once more."
    assert not User.objects.filter(email="ruth@example.edu").exists()
    assert erased_again(manifest) == ""


def test_a_person_asks_once_and_may_take_it_back(client, cast):
    client.force_login(cast.ruth)
    for _ in range(2):
        assert client.post(PAGE, {"do": "ask"}).status_code == 302
    assert DeletionRequest.objects.filter(person=cast.ruth, ended_at=None).count() == 1
    assert Notification.objects.filter(person=cast.olu, kind="keeping").count() == 1
    assert "You asked for it" in client.get(PAGE).content.decode()
    client.post(PAGE, {"do": "withdraw"})
    assert not DeletionRequest.objects.filter(ended_at=None).exists()
