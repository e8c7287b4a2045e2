#!/usr/bin/env python
"""Every command of Milliamp. With nothing set it works in the embedded world of `make run`."""

import os
import sys

OLDEST = (3, 11)


def main() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Milliamp needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {found}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit(
            "Django is not installed for this Python. `make run` makes .venv; then use .venv/bin/python manage.py."
        )
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        print(f"Milliamp cannot start: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
