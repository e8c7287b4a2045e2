"""The languages of the site: English, and each that has a folder with a compiled catalogue (docs/translation.md)."""

from pathlib import Path

from django.conf.locale import LANG_INFO

ENGLISH = ("en", "English")
MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"


def offered(folder: Path) -> list[tuple[str, str]]:
    """Code and own name of each language, English first. Of `pt_BR/LC_MESSAGES/django.mo` it is pt-br."""
    found = [path.parts[-3] for path in sorted(folder.glob("*/LC_MESSAGES/django.mo"))]
    codes = [name.replace("_", "-").lower() for name in found]
    return [ENGLISH, *((code, _name(code)) for code in codes if code != ENGLISH[0])]


def _name(code: str) -> str:
    known = LANG_INFO.get(code) or LANG_INFO.get(code.split("-", maxsplit=1)[0]) or {}
    return str(known.get("name_local", code))
