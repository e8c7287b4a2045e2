from courseplatform.roster.models.entries import CourseSection, RosterChange, RosterEntry
from courseplatform.roster.models.imports import IMPORT_MOVES, RosterImport, RosterImportMove
from courseplatform.roster.models.invitations import (
    GOOD_FOR,
    INVITATION_MOVES,
    Invitation,
    InvitationMove,
)

__all__ = [
    "GOOD_FOR",
    "IMPORT_MOVES",
    "INVITATION_MOVES",
    "CourseSection",
    "Invitation",
    "InvitationMove",
    "RosterChange",
    "RosterEntry",
    "RosterImport",
    "RosterImportMove",
]
