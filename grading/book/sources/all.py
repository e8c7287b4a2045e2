"""Every source by its name in the course file."""

from grading.book.sources.base import Source
from grading.book.sources.hardware_return import HARDWARE_RETURN
from grading.book.sources.highlights import HIGHLIGHTS
from grading.book.sources.participation import PARTICIPATION
from grading.book.sources.peer_feedback import PEER_FEEDBACK
from grading.book.sources.presentations import PRESENTATIONS
from grading.book.sources.scribe import SCRIBE

SOURCES: dict[str, Source] = {
    source.key: source for source in (PARTICIPATION, PRESENTATIONS, HIGHLIGHTS, SCRIBE, PEER_FEEDBACK, HARDWARE_RETURN)
}
