"""Short-lived signed links: one stored file, one way to give it out, for one site's pages. A link is shown by the site to who may have it."""

from dataclasses import astuple, dataclass
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import FileField, Model
from django.db.models.fields.files import FieldFile
from django.http.request import split_domain_port

from courseplatform.core.errors import NotHere
from courseplatform.core.gone import check_there

LINK_LASTS_S = 300  # a page's images and a resumed download come within it; who is put out of a course waits no longer
LONGEST = 4000  # characters; a real one has some hundred
PATH = "/content/"


class LinkOver(NotHere):
    """The link was good once."""

    http_status = 410
    default_code = "link_over"
    title = "This link has ended"


@dataclass(frozen=True)
class Given:
    """How one stored file is given out.

    model, key, field: the row's file field (`grading.Piece`). The row is asked again, so what is deleted meanwhile is not given; a path of
    our disk stands in no link. name: under which it is saved. site: the origin whose pages may read it.
    """

    model: str
    key: str
    field: str
    name: str
    media_type: str
    is_inline: bool
    site: str


def given_of(file: FieldFile, *, name: str, media_type: str, is_inline: bool, site: str) -> Given:
    row: Any = file.instance
    safe = "".join(letter for letter in name if letter.isprintable())
    return Given(row._meta.label, str(row.pk), file.field.name, safe, media_type, is_inline, site)


def link_to(given: Given) -> str:
    return f"{settings.CONTENT_URL}{PATH}{_signer().sign_object(list(astuple(given)), compress=True)}"


def read_link(token: str) -> Given:
    """Raises LinkOver, or NotHere for what we did not sign."""
    try:
        if len(token) > LONGEST:
            raise signing.BadSignature
        return Given(*_signer().unsign_object(token, max_age=LINK_LASTS_S))
    except signing.SignatureExpired as error:
        raise LinkOver("Links to files last five minutes. Open the file again from its page on the site.") from error
    except signing.BadSignature as error:
        raise NotHere("No file is here. Files are opened from their pages on the site.") from error


def file_of(given: Given) -> FieldFile:
    """Raises NotHere where the row is gone, FileGone where its file was deleted on purpose."""
    model = apps.get_model(given.model)
    if not isinstance(model._meta.get_field(given.field), FileField):
        raise NotHere("No file is here.")
    try:
        row: Model | None = model._base_manager.filter(pk=given.key).first()
    except (ValueError, ValidationError):
        row = None
    file = getattr(row, given.field, None)
    if not isinstance(file, FieldFile):
        raise NotHere("This file is gone.")
    check_there(file)
    return file


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="courseplatform.core.content")


def is_content_host(host: str) -> bool:
    """Whether a request's host (with or without port) is that of the uploaded files. Ports do not part cookies, so they do not count."""
    if not settings.CONTENT_URL:
        return False
    return split_domain_port(host)[0].rstrip(".") == (urlsplit(f"{settings.CONTENT_URL}/").hostname or "").rstrip(".")
