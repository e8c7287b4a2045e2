"""The one place where a look of the staff at personal data is recorded, and where a request is told to whoever writes a row."""

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from courseplatform.accounts.models import User
from courseplatform.audit.here import handling
from courseplatform.audit.recording import Looked, look_record
from courseplatform.audit.registry import audit
from courseplatform.core import error_pages
from courseplatform.core.busy import is_busy
from courseplatform.core.content.serving import ContentLink
from courseplatform.core.middleware import Middleware
from courseplatform.courses.access import Visit


class Audited(Middleware):
    """A page of the table (registry.py) is given out when its row is written, and not otherwise.

    Repeats within ten minutes, pages that are in no table, refusals and what students see of their own cost no query.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with handling(request):
            response = self.get_response(request)
            is_given = response.status_code in (200, 206) or isinstance(response, ContentLink)
            looked = looked_at(request) if is_given else None
            if looked is None:
                return response
            try:
                look_record(looked)
            except OperationalError as error:
                if not is_busy(error):
                    raise
                response.close()
                return error_pages.writes_busy(request)
            return response


def looked_at(request: HttpRequest) -> Looked | None:
    """What of the table was shown by this request, and to whom; None where nothing is to be recorded."""
    match = request.resolver_match
    read = audit.reads.get(match.view_name) if match else None
    if match is None or read is None or request.method != read.method:
        return None
    visit = getattr(request, "visit", None)
    parts = {name: value for name, value in match.kwargs.items() if name != "course"}
    if isinstance(visit, Visit):
        return Looked(read, visit.person, visit.course, request.path, parts) if visit.is_staff else None
    if read.by_anybody and isinstance(request.user, User):
        return Looked(read, request.user, None, request.path, parts)
    return None
