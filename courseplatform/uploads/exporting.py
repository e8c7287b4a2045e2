"""What uploads adds to a person's export."""

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.uploads.models import Upload


def _uploads(person: User) -> Exported:
    mine = Upload.objects.filter(person=person).order_by("created_at")
    return Exported(
        {"uploads": rows(mine, "purpose target file_name size_bytes sha256 status created_at completed_at")}
    )


SECTION = ExportSection(
    "uploads", "what you sent in parts, and what became of it", 15, _uploads, frozenset({"uploads.Upload.person"})
)
