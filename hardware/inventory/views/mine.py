"""What I have, in all courses: also for somebody who left a course with a board at home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courseplatform.accounts.models import User
from courseplatform.core.audience import signed_in
from hardware.inventory.selectors.mine import everywhere


@signed_in
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    return render(request, "hardware/stock/mine.html", {"courses": everywhere(request.user, timezone.now())})
