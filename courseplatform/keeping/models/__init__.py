from courseplatform.keeping.models.backups import MOVES, SILENT, Backup, BackupQuerySet, BackupStatus
from courseplatform.keeping.models.requests import DeletionRequest
from courseplatform.keeping.models.retention import Leaving, RetentionPolicy
from courseplatform.keeping.models.terms import (
    ARCHIVE_MOVES,
    ARCHIVE_OPEN,
    ArchiveMove,
    ArchiveStatus,
    CourseArchive,
    CourseDeletion,
)

__all__ = [
    "ARCHIVE_MOVES",
    "ARCHIVE_OPEN",
    "MOVES",
    "SILENT",
    "ArchiveMove",
    "ArchiveStatus",
    "Backup",
    "BackupQuerySet",
    "BackupStatus",
    "CourseArchive",
    "CourseDeletion",
    "DeletionRequest",
    "Leaving",
    "RetentionPolicy",
]
