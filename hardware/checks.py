"""System checks of the hardware room: a device profile that cannot be read stops the start, not a student's page."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from hardware.profiles import FOLDER, ProfileError, load_profiles


@register
def device_profiles(app_configs: Any, **_: Any) -> list[CheckMessage]:
    try:
        load_profiles()
    except (ProfileError, OSError, ValueError) as error:
        hint = f"Mend the file in {FOLDER.name}/; CONTRIBUTING.md says how a device is added."
        return [Error(str(error), hint=hint, id="hardware.E001")]
    return []
