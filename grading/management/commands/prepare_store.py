"""`manage.py prepare_store`: the bucket is there, and every hidden set lies in it. For the start of a deployment; may run at each."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from courseplatform.core.errors import AppError
from courseplatform.uploads.spools.s3 import S3Spool
from grading.hidden_sets.kept import hidden_move_to_store


class Command(BaseCommand):
    help = "Make the bucket of the store where it is missing, and put hidden sets of this disk into it."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.S3:
            raise CommandError(
                "S3_BUCKET, S3_KEY_ID and S3_SECRET are not set: files lie in DATA_DIR, and there is nothing to prepare."
            )
        try:
            was_made = S3Spool().prepare()
            moved = hidden_move_to_store()
        except AppError as error:
            raise CommandError(
                f"The store at {settings.S3['endpoint'] or 'Amazon'} does not answer as it should: {error.message}"
            ) from error
        self.stdout.write(f"The bucket {settings.S3['bucket']} {'was made' if was_made else 'is there'}.")
        if moved:
            self.stdout.write(f"Put into it from this disk: {', '.join(moved)}.")
