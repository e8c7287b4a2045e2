"""iCalendar feeds of a course and of a person."""
