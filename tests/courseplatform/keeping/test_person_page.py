"""The operators' page for deleting a person."""

import pytest

from courseplatform.accounts.models import User
from courseplatform.audit.models import AuditRow
from courseplatform.keeping.leaving_views import deletion_ask
from courseplatform.keeping.models import DeletionRequest

pytestmark = pytest.mark.django_db
PAGE = "/leaving/person/"


def sent(client, **form):
    return client.post(PAGE, {"who": "ruth@example.edu", "typed": "ruth@example.edu", "why": "asked on 3 May", **form})


def test_it_says_what_goes_and_what_stays_and_changes_nothing(client, cast):
    client.force_login(cast.olu)
    page = client.get(PAGE, {"who": "Ruth"}).content.decode()
    assert "What is deleted" in page
    assert "What would happen now" in page
    assert "Delete this person for good" in page
    assert User.objects.get(pk=cast.ruth.pk).name == "Ruth"


def test_the_address_is_typed_and_a_reason_given(client, cast):
    client.force_login(cast.olu)
    for form, code in (
        ({"typed": "ruth"}, "not that of this person"),
        ({"why": " "}, "Write why"),
        ({"who": "nobody@example.edu"}, "Nobody, or more"),
    ):
        answer = sent(client, **form)
        assert answer.status_code == 422
        assert code in answer.content.decode()
    assert User.objects.get(pk=cast.ruth.pk).name == "Ruth"
    assert sent(client).status_code == 302
    gone = User.objects.get(pk=cast.ruth.pk)
    assert gone.name.startswith("Former student")
    row = AuditRow.objects.get(what__startswith="Deleted an account")
    assert (row.actor, row.about) == (cast.olu.email, cast.ruth)


def test_who_asks_for_it_stands_there(client, cast):
    deletion_ask(person=cast.ruth)
    client.force_login(cast.olu)
    assert "?who=ruth%40example.edu" in client.get(PAGE).content.decode()
    sent(client)
    assert not DeletionRequest.objects.filter(ended_at=None).exists()
    assert "?who=ruth" not in client.get(PAGE).content.decode()


def test_staff_are_refused_in_words(client, cast):
    client.force_login(cast.olu)
    assert "Take it out of that first" in client.get(PAGE, {"who": "amit@example.edu"}).content.decode()
    assert sent(client, who="amit@example.edu", typed="amit@example.edu").status_code == 409


def test_two_of_one_name_are_told_apart(client, cast):
    User.objects.filter(pk=cast.daniel.pk).update(name="Ruth")
    client.force_login(cast.olu)
    page = client.get(PAGE, {"who": "ruth"}).content.decode()
    assert "2 people are called so" in page
    assert "Delete this person for good" not in page
