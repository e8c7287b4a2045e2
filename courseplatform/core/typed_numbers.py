"""Numbers as people type them, with the decimal sign of their country: one reading for every form. Pure functions.

`2,5` is `2.5`. Digits may be grouped by the spaces that our own pages print between thousands, and a minus may be the printed one, so that what
is copied from a page can be typed into a field. `1,250` is refused: half of the world reads one and a quarter, the other half says 1250.
"""

import re

from django.utils.translation import gettext

TWO_WAYS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
GAPS = re.compile(r"(?<=\d)[ \u2009\u202f\u00a0](?=\d{3}(?!\d))")
SIGNS = str.maketrans({"\N{ARABIC DECIMAL SEPARATOR}": ",", "\N{MINUS SIGN}": "-"})


class TwoWays(ValueError):
    """What was typed is one number here and another one there. Its text is a sentence for the person."""


def point_form(typed: str) -> str:
    """`2,5` -> `2.5`, for the reader of numbers that comes next; what is no number stays none. Raises TwoWays."""
    said = GAPS.sub("", typed.strip()).translate(SIGNS)
    if TWO_WAYS.fullmatch(said):
        whole, parts = said.split(",")
        readings = {"typed": said, "large": whole + parts, "small": f"{whole}.{parts.rstrip('0') or '0'}"}
        raise TwoWays(gettext("%(typed)s can be read in two ways: write %(large)s, or %(small)s.") % readings)
    return said if "." in said else said.replace(",", ".")
