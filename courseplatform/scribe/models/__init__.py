from courseplatform.scribe.models.duties import MOVES, OPEN, NoteMove, ScribeDuty, ScribeMember, Status
from courseplatform.scribe.models.notes import NoteImage, NoteVersion, Origin
from courseplatform.scribe.models.requests import (
    REQUEST_MOVES,
    ChangeRequest,
    RequestMove,
    RequestReply,
    RequestStatus,
)

__all__ = [
    "MOVES",
    "OPEN",
    "REQUEST_MOVES",
    "ChangeRequest",
    "NoteImage",
    "NoteMove",
    "NoteVersion",
    "Origin",
    "RequestMove",
    "RequestReply",
    "RequestStatus",
    "ScribeDuty",
    "ScribeMember",
    "Status",
]
