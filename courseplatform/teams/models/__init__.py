from courseplatform.teams.models.boards import BoardMove, BoardRequest, BoardStatus
from courseplatform.teams.models.feedback import FeedbackAnswer, FeedbackForm, FeedbackQuestion, FeedbackRound
from courseplatform.teams.models.invitations import InvitationMove, InvitationStatus, TeamInvitation
from courseplatform.teams.models.looking import LookingProfile
from courseplatform.teams.models.proposals import Proposal, ProposalMove, ProposalRevision, ProposalStatus
from courseplatform.teams.models.slots import Slot, SlotBooking
from courseplatform.teams.models.teams import Membership, Team, TeamEvent, TeamMove, TeamStatus

__all__ = [
    "BoardMove",
    "BoardRequest",
    "BoardStatus",
    "FeedbackAnswer",
    "FeedbackForm",
    "FeedbackQuestion",
    "FeedbackRound",
    "InvitationMove",
    "InvitationStatus",
    "LookingProfile",
    "Membership",
    "Proposal",
    "ProposalMove",
    "ProposalRevision",
    "ProposalStatus",
    "Slot",
    "SlotBooking",
    "Team",
    "TeamEvent",
    "TeamInvitation",
    "TeamMove",
    "TeamStatus",
]
