"""A person's own notifications and how they come by mail."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.core.audience import public, signed_in
from courseplatform.core.errors import BadInput, NotHere
from courseplatform.notices import mails
from courseplatform.notices.forms import read_preferences
from courseplatform.notices.kinds import KINDS, MailChoice
from courseplatform.notices.selectors import notifications as reading
from courseplatform.notices.services import notifications as writing


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@signed_in
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    only_unread = request.GET.get("show") == "unread"
    page = reading.notification_page(
        _person(request), number=reading.page_number(request.GET.get("page", "1")), only_unread=only_unread
    )
    return render(request, "notices/notifications.html", {"page": page, "now_is": timezone.now().isoformat()})


@signed_in
@require_POST
def open_one(request: HttpRequest, notification: int) -> HttpResponse:
    """Mark one as read and go to what it is about."""
    found = writing.notification_read(person=_person(request), notification=notification)
    is_ours = url_has_allowed_host_and_scheme(found.path, allowed_hosts=None)
    return HttpResponseRedirect(found.path if is_ours else reverse("notifications:index"))


@signed_in
@require_POST
def read_one(request: HttpRequest, notification: int) -> HttpResponse:
    writing.notification_read(person=_person(request), notification=notification)
    return HttpResponseRedirect(reverse("notifications:index"))


@signed_in
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    try:
        before = parse_datetime(request.POST.get("before", ""))
    except ValueError:
        before = None
    if before is not None and timezone.is_naive(before):
        before = None
    count = writing.notifications_read(person=_person(request), before=before)
    messages.success(request, "Nothing was unread." if not count else f"{count} marked as read.")
    return HttpResponseRedirect(reverse("notifications:index"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    if request.method == "POST":
        try:
            choices = read_preferences(request.POST)
        except ValidationError as error:
            raise BadInput(error.messages[0], code="unknown_choice") from error
        writing.preferences_set(person=person, choices=choices)
        messages.success(request, "Saved. It holds for what comes from now on.")
        return HttpResponseRedirect(reverse("notifications:settings"))
    context = {"rows": reading.preference_rows(person), "problem": reading.mail_problem(person)}
    return render(request, "notices/preferences.html", context)


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, stop: str) -> HttpResponse:
    """The link in each mail. Mail programs post to it without a session (RFC 8058); people see a button first."""
    person_id, kind = mails.stop_key_read(stop)
    person = User.objects.filter(pk=person_id).first()
    if person is None or (kind not in KINDS and kind != mails.DIGEST):
        raise NotHere("This link belongs to an account or a kind of mail that is gone.")
    kinds = [kind] if kind in KINDS else [row["name"] for row in reading.preference_rows(person) if _in_digest(row)]
    label = KINDS[kind].label if kind in KINDS else "The daily mail"
    if request.method == "POST":
        writing.preferences_set(person=person, choices=dict.fromkeys(kinds, MailChoice.SITE))
    return render(
        request, "notices/stop.html", {"label": label, "is_done": request.method == "POST", "email": person.email}
    )


def _in_digest(row: dict[str, object]) -> bool:
    choices = row["choices"]
    assert isinstance(choices, list)
    return any(choice["chosen"] and choice["value"] == MailChoice.DIGEST for choice in choices)
