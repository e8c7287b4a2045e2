"""manage.py course_schema: the JSON Schema of the course file on standard output; docs/course-file.schema.json is its copy."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from courseplatform.courses.course_file.registry import file_parts


def schema_text() -> str:
    return json.dumps(file_parts.schema, indent=1, ensure_ascii=False) + "\n"


class Command(BaseCommand):
    help = "Write the JSON Schema of the course file to standard output."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(schema_text(), ending="")
