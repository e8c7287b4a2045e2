"""What other apps know about the people of a course and this one shows beside their names. They register when they are ready."""

from collections.abc import Callable
from dataclasses import dataclass, field

from courseplatform.courses.models import Course

# Person -> a short label (the team's name), or the address of a picture.
PersonTexts = Callable[[Course], dict[int, str]]


@dataclass
class Hooks:
    label_sources: list[PersonTexts] = field(default_factory=list)
    picture_sources: list[PersonTexts] = field(default_factory=list)

    def add_labels(self, source: PersonTexts) -> None:
        if source not in self.label_sources:
            self.label_sources.append(source)

    def add_pictures(self, source: PersonTexts) -> None:
        if source not in self.picture_sources:
            self.picture_sources.append(source)


hooks = Hooks()


def labels_for(course: Course) -> dict[int, str]:
    """What stands beside each name on the entry page, by the person's key. Nothing where nobody registered."""
    return _merged(hooks.label_sources, course)


def pictures_for(course: Course) -> dict[int, str]:
    """Addresses of roster pictures, by the person's key."""
    return _merged(hooks.picture_sources, course)


def _merged(sources: list[PersonTexts], course: Course) -> dict[int, str]:
    found: dict[int, str] = {}
    for source in sources:
        found |= source(course)
    return found
