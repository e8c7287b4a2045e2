"""Partials that show plain values and nothing else, neither who asks nor the hour: drawn once for equal values in each language.

In a template `{% drawn "courses/_time_rule.html" rule=rule %}`. The partial sees its facts alone, so what is kept under their digest is never
old and never somebody else's; what it takes from the clock has to stand in them (tests/courseplatform/test_drawn.py looks for such tags).
"""

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from courseplatform.core.by_value import ByValue

_kept = ByValue[SafeString](most=500)


def drawn(template: str, **facts: Any) -> SafeString:
    if settings.DEBUG:  # whoever edits the partial sees it
        return _draw(template, facts)
    return _kept.of(
        (template, timezone.get_current_timezone_name(), facts),
        lambda: _draw(template, facts),
    )


def _draw(template: str, facts: dict[str, Any]) -> SafeString:
    return SafeString(render_to_string(template, facts))  # the template has escaped it  # nosec B703
