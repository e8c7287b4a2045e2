"""Carries the days over, and back. A day after the session, or of a session without one, was never to be kept and is left out."""

from datetime import timedelta
from typing import Any

from django.db import migrations


def count(apps: Any, schema_editor: Any) -> None:
    slots = apps.get_model("seminar", "PresentationSlot").objects
    for slot in slots.exclude(choose_by=None).exclude(session__held_on=None).select_related("session"):
        days = (slot.session.held_on - slot.choose_by).days
        if 0 <= days <= 32767:
            slots.filter(pk=slot.pk).update(choose_days=days)


def uncount(apps: Any, schema_editor: Any) -> None:
    slots = apps.get_model("seminar", "PresentationSlot").objects
    for slot in slots.exclude(choose_days=None).exclude(session__held_on=None).select_related("session"):
        slots.filter(pk=slot.pk).update(choose_by=slot.session.held_on - timedelta(days=slot.choose_days))


class Migration(migrations.Migration):
    dependencies = [
        ("seminar", "0002_days_to_choose_a_paper"),
    ]

    operations = [migrations.RunPython(count, uncount)]
