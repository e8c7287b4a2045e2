"""A device that a course has of its own."""

import yaml

from hardware.course_devices import device_add
from hardware.profiles import FOLDER


def values_like(slug="rpi-4-4gb", **changes):
    """What a profile file holds: that of a shipped device, changed."""
    return yaml.safe_load((FOLDER / f"{slug}.yaml").read_text(encoding="utf-8")) | changes


def device_of_course(cast, slug="jetson-orin", person=None, **changes):
    visit = cast.visit(person or cast.helen)
    return device_add(
        visit=visit, slug=slug, values=values_like(name="Jetson Orin Nano", board="jetson-orin") | changes
    )
