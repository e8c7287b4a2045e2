"""What feeds a component by itself: one module a source, each reads the rows of its room and writes none."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from courseplatform.courses.models import Course
from grading.gradebook import Piece

Read = Callable[[Course, Collection[int], datetime, bool], dict[int, list[Piece]]]


@dataclass(frozen=True)
class Source:
    """short: the head of its column. read: course, people, now, for_students -> person -> pieces; a bounded number of queries. url_name:
    the page of the class for it, which takes the course alone; "" for none."""

    key: str
    short: str
    title: str
    read: Read
    url_name: str = ""
