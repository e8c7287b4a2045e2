from courseplatform.notices.models.notifications import Notification

__all__ = ["Notification"]
