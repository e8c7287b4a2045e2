"""What the views of teams share: who one's team is, and how a form is shown again with what is wrong."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from courseplatform.core.errors import AppError, Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.teams.forms.fields import add_refusal
from courseplatform.teams.models.teams import Team
from courseplatform.teams.selectors.index import team_get
from courseplatform.teams.selectors.membership import is_member, team_of


def own_team(visit: Visit) -> Team | None:
    return None if visit.is_staff else team_of(visit.course, visit.person)


def inside_team(visit: Visit, slug: str) -> Team:
    """A team whose own affairs this person may see. Raises NotHere for anybody else."""
    team = team_get(visit, slug)
    if not visit.is_staff and not is_member(team, visit.person):
        raise NotHere("There is no such page, or it belongs to another team.")
    return team


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: an empty one that was sent is refused, not shown as new."""
    return request.POST if request.method == "POST" else None


def saved(form: forms.Form, act: Callable[[], Any]) -> Any:
    """The answer of a service, or None with its refusal under the field: then the form is shown again."""
    try:
        return act()
    except Conflict as error:
        add_refusal(form, error)
    except AppError as error:
        if error.http_status != 422:
            raise
        add_refusal(form, error)
    return None


def form_page(request: HttpRequest, template: str, form: forms.Form, **context: Any) -> HttpResponse:
    """A page with a form: 422 when something is wrong with what was sent."""
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def done(request: HttpRequest, said: str, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Say what happened, and go there."""
    messages.success(request, said)
    response: HttpResponse = redirect(to, *args, **kwargs)
    return response


def now() -> datetime:
    return timezone.now()
