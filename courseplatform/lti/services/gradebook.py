"""The gradebook of the LMS, for the room that has grades to send. Imported where it is used: the library behind it is heavy."""

from courseplatform.lti.wire.services import Gradebook, Score

__all__ = ["Gradebook", "Score"]
