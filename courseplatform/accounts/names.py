"""A person's name as others read it in lists: what is seen is all there is."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Control, format (direction marks and zero widths are such), surrogates, private use, unassigned.
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Letters and marks that are drawn as nothing: joiner, fillers of Hangul, Khmer vowels, selectors of variants, blank Braille.
DRAWN_AS_NOTHING = {
    *map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),
    *map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))),
}


# Persian and the scripts of India spell with these; between their letters only, they cannot hide anything.
JOINERS = {"\u200c", "\u200d"}
SCRIPTS_THAT_JOIN = (
    "ARABIC ",
    "DEVANAGARI ",
    "BENGALI ",
    "GURMUKHI ",
    "GUJARATI ",
    "TAMIL ",
    "TELUGU ",
    "KANNADA ",
    "MALAYALAM ",
    "SINHALA ",
)


def _spells(before: str, after: str) -> bool:
    return all(sign and unicodedata.name(sign, "").startswith(SCRIPTS_THAT_JOIN) for sign in (before, after))


def clean_name(text: str) -> str:
    """The name with single spaces. Raises ValidationError: `invisible` or `no_letter`."""
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    for place, sign in enumerate(name):
        if sign in JOINERS and _spells(name[place - 1 : place], name[place + 1 : place + 2]):
            continue
        if unicodedata.category(sign) in UNSEEN or sign in DRAWN_AS_NOTHING:
            raise ValidationError(
                _(
                    "This name holds a character that cannot be seen (U+%(code)s). Type the name anew instead of copying it."
                ),
                code="invisible",
                params={"code": f"{ord(sign):04X}"},
            )
    if not any(sign.isalpha() for sign in name):
        raise ValidationError(_("A name has at least one letter."), code="no_letter")
    return name
