"""A person asks that their account be deleted, and may take that back until an operator has done it."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from courseplatform.accounts.models import User
from courseplatform.core.audience import signed_in
from courseplatform.core.errors import Forbidden
from courseplatform.keeping.models import DeletionRequest
from courseplatform.notices.services.notifications import notification_send


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete_me(request: HttpRequest) -> HttpResponse:
    person = request.user
    assert isinstance(person, User)
    if request.method == "POST":
        if request.POST.get("do") == "withdraw":
            DeletionRequest.objects.filter(person=person, ended_at=None).update(ended_at=timezone.now())
            messages.success(request, "You do not ask for it any more.")
        else:
            deletion_ask(person=person)
            messages.success(request, "The operators are told. They write to you before anything is deleted.")
        return redirect("leaving:delete_me")
    asked = DeletionRequest.objects.filter(person=person, ended_at=None).first()
    return render(request, "keeping/delete_me.html", {"asked": asked})


@transaction.atomic
def deletion_ask(*, person: User) -> None:
    """Asked twice it is one request. Raises Forbidden (`demo_account`)."""
    if person.is_demo:
        raise Forbidden("Accounts of the demonstration are as they are.", code="demo_account")
    row, is_new = DeletionRequest.objects.get_or_create(person=person, ended_at=None)
    if is_new:
        operators = User.objects.filter(is_operator=True, is_active=True)
        notification_send(
            course=None, people=operators, kind="keeping", key=f"deletion-request-{row.pk}", title="Somebody asks that their account be deleted",
            text="The page Delete a person says what that would do. Ask the instructors first whether a grade is still open.",
            path=f"/leaving/person/?{urlencode({'who': person.email})}",
        )  # fmt: skip
