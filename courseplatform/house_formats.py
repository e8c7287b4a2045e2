"""How dates and numbers are read and written in every language: a translation changes words, never these.

Each language's `formats.py` takes them from here. With Django's own of German, a coordinate of a drawing would be 12,5, and the value of a
browser's field for a day would be 28.11.2026; both are read by programs.
"""

from django.conf import global_settings
from django.utils.formats import FORMAT_SETTINGS

globals().update({name: getattr(global_settings, name) for name in FORMAT_SETTINGS})
