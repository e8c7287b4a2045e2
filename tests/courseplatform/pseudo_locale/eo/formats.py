"""A translation changes words, not how numbers and dates are read (courseplatform/house_formats.py)."""

from courseplatform.house_formats import *  # noqa: F403
