"""Uploaded PDFs: told by their first bytes, and not too large. What is inside is never opened here."""

from django.core.files.uploadedfile import UploadedFile

from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.pdfs import HEADER_WITHIN, looks_like_pdf

MOST_BYTES = 20 << 20


def check_pdf(upload: "UploadedFile[bytes]") -> None:
    """Raises BadInput (`not_a_pdf`) or TooLarge (`pdf_too_large`)."""
    if (upload.size or 0) > MOST_BYTES:
        raise TooLarge(
            f"This file is larger than {MOST_BYTES >> 20} MiB, the most that a paper may have. Give its link instead.",
            code="pdf_too_large",
        )
    upload.seek(0)
    start = upload.read(HEADER_WITHIN)
    upload.seek(0)
    if not looks_like_pdf(start):
        raise BadInput(
            "This file does not begin like a PDF. Choose the PDF of the paper, or give its link instead.",
            code="not_a_pdf",
        )
