"""The forms around Canvas's file: the upload, and what is chosen for its columns and its unsure rows."""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.sheets.decode import MOST_BYTES


def upload_of(request: HttpRequest) -> tuple[bytes, str]:
    """The bytes of the file, at most one more than is read, and its name. Raises AppError (`too_large`), BadInput (`no_file`)."""
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    upload = request.FILES.get("file")
    if upload is None:
        raise BadInput(
            "Choose the CSV file that Canvas's gradebook has exported.", code="no_file", details={"field": "file"}
        )
    return bytes(upload.read(MOST_BYTES + 1)), str(upload.name or "")


@dataclass(frozen=True)
class CanvasChoices:
    """chosen: Canvas's number of an assignment -> key of our column, "" for none. confirmed: number of a line -> key of a student."""

    chosen: dict[str, str]
    confirmed: dict[int, int]
    is_released_only: bool
    with_missing: bool

    @classmethod
    def of(cls, post: QueryDict, columns: set[str], keys: set[str], suggestions: dict[int, int]) -> "CanvasChoices":
        """Only what the page has offered is taken.

        Args:
            columns: Canvas's numbers in the file. keys: our columns. suggestions: number of a line -> whom it may be.
        """
        chosen = {one: post.get(f"column-{one}", "") for one in columns}
        ticked = {
            int(text) for text in post.getlist("confirm") if text.isascii() and text.isdecimal() and len(text) < 7
        }
        return cls(
            {one: key if key in keys else "" for one, key in chosen.items()},
            {line: suggestions[line] for line in ticked if line in suggestions},
            post.get("which", "released") != "all", post.get("missing") == "zero",
        )  # fmt: skip
