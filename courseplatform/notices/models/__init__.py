from courseplatform.notices.models.announcements import Announcement, AnnouncementMove
from courseplatform.notices.models.notifications import MailPreference, Notification
from courseplatform.notices.models.surveys import Answer, Completion, Question, Survey, SurveyMove

__all__ = [
    "Announcement",
    "AnnouncementMove",
    "Answer",
    "Completion",
    "MailPreference",
    "Notification",
    "Question",
    "Survey",
    "SurveyMove",
]
