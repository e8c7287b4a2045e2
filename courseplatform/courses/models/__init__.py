from courseplatform.courses.models.changes import ScheduleChange
from courseplatform.courses.models.course import STAFF, Course, Enrolment, Role, Visibility
from courseplatform.courses.models.imports import CourseFileCopy, CourseFileImport
from courseplatform.courses.models.schedule import DatedItem, OfficeHour, Session, StaffMember

__all__ = [
    "STAFF",
    "Course",
    "CourseFileCopy",
    "CourseFileImport",
    "DatedItem",
    "Enrolment",
    "OfficeHour",
    "Role",
    "ScheduleChange",
    "Session",
    "StaffMember",
    "Visibility",
]
