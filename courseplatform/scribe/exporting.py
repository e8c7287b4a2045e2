"""What scribe adds to a person's export."""

from courseplatform.accounts.exporting import Exported, ExportedFile, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.scribe.models import ChangeRequest, NoteImage, NoteVersion, RequestReply, ScribeDuty, ScribeMember

LECTURE = "day=duty__session__held_on lecture=duty__session__title"


def _scribe(person: User) -> Exported:
    images = NoteImage.objects.filter(by=person).order_by("pk")
    typed = ScribeDuty.objects.filter(saved_by=person)
    return Exported(
        {
            "duties": rows(ScribeMember.objects.filter(person=person), LECTURE),
            "texts_saved_last": rows(typed, "day=session__held_on lecture=session__title text saved_at"),
            "versions_sent": rows(NoteVersion.objects.filter(by=person), f"{LECTURE} round text at"),
            "images": rows(images, f"{LECTURE} name bytes sha256 at"),
            "changes_asked_for": rows(ChangeRequest.objects.filter(by=person), f"{LECTURE} line quote text status at"),
            "replies": rows(RequestReply.objects.filter(by=person), "text at"),
        },
        [
            ExportedFile(f"scribe/{one.pk}-{one.sha256[:12]}.{one.media_type.rpartition('/')[2]}", one.file)
            for one in images
        ],
    )


SECTION = ExportSection(
    "scribe", "scribe notes: your duties, what you wrote, images, and what you asked others to change", 40, _scribe,
    frozenset({
        "scribe.ScribeMember.person", "scribe.NoteVersion.by", "scribe.NoteImage.by", "scribe.ChangeRequest.by", "scribe.RequestReply.by",
        "scribe.ScribeDuty.saved_by", "scribe.ScribeDuty.people",
    }),
)  # fmt: skip
