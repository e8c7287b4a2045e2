"""What goes wrong with a set, each with its code."""

from courseplatform.core.errors import AppError, Conflict, Unavailable


class NoSet(AppError):
    """This folder holds no set, or one that this program cannot read."""

    http_status = 422
    default_code = "no_backup_set"


class Damaged(AppError):
    """What lies there is not what was written."""

    http_status = 422
    default_code = "backup_damaged"


class BackupFailed(Unavailable):
    default_code = "backup_failed"


class RestoreRefused(Conflict):
    default_code = "restore_refused"
