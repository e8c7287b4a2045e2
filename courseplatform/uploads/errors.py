"""Refusals that only an upload knows; the numbers are those of the tus protocol, so that any client understands them."""

from courseplatform.core.errors import AppError, Unavailable


class BadRequest(AppError):
    """A header is missing or says nothing."""

    http_status = 400
    default_code = "bad_upload_request"


class SignedOut(AppError):
    http_status = 401
    default_code = "signed_out"


class Gone(AppError):
    """There was such an upload; it ran out, was discarded, or was refused."""

    http_status = 410
    default_code = "upload_gone"


class NoLength(AppError):
    http_status = 411
    default_code = "no_length"


class OtherVersion(AppError):
    http_status = 412
    default_code = "other_tus_version"


class WrongType(AppError):
    http_status = 415
    default_code = "wrong_content_type"


class ChecksumDiffers(AppError):
    """tus has a status of its own for it."""

    http_status = 460
    default_code = "checksum_differs"


class StorageFull(Unavailable):
    """Our disk is full. What has arrived stays."""

    http_status = 507
    default_code = "disk_full"
