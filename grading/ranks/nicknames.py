"""What may be a nickname, and when two of them look alike. Pure.

A nickname stands beside others in one column, so nothing in it may hide, turn the direction of what follows, or climb out of its line.
"""

import unicodedata

from django.core.exceptions import ValidationError

from courseplatform.accounts.names import clean_name
from courseplatform.core.errors import BadInput

FEWEST, MOST = 2, 24
MOST_MARKS = 2  # accents on one letter; a stack of them covers the lines above
# Letters and digits that are drawn like one of the Latin alphabet, so that nobody stands beside "anna" as another "anna".
CYRILLIC = (
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d\u043a\u043c\u0442\u043d\u0432",
    "aeopcyxljsdhqwkmthb",
)
GREEK = ("\u03b1\u03bf\u03c1\u03c4\u03b9\u03ba\u03c5\u03bd\u03b5", "aoptlkuve")
# The last four are no Cyrillic and no Greek: the stroke of Caucasian Cyrillic, an i without its dot, letters of phonetics.
OTHERS = ("01i|\u04cf\u0131\u0251\u0261", "olllllag")
LOOKS = str.maketrans(CYRILLIC[0] + GREEK[0] + OTHERS[0], CYRILLIC[1] + GREEK[1] + OTHERS[1])
# Greek capitals look like another Latin letter than their small ones do.
CAPITALS = str.maketrans("\u0392\u0396\u0397\u039c\u039d\u03a5\u03a7", "bzhmnyx")
# Alphabets with letters in common to the eye: a name is written in one of them. Greek is known letter by letter above, so \u03bcNet is a name.
ALIKE = frozenset({"LATIN", "COPTIC", "CYRILLIC", "ARMENIAN", "CHEROKEE", "LISU", "DESERET", "OSAGE", "WARANG"})
ACCENTS = frozenset(map(chr, range(0x0300, 0x0370)))  # vowels of other scripts are marks too, and they are kept
RESERVED = frozenset({
    "you", "yours", "another student", "another team", "staff", "instructor", "nobody", "anonymous",
    "the staff", "course staff", "teaching staff", "teaching assistant", "instructors", "professor", "admin",
})  # fmt: skip


def nickname_of(text: str) -> tuple[str, str]:
    """(name, key): the name with single spaces, and what two names that look alike have in common.

    Raises BadInput: `nickname_too_short`, `nickname_too_long`, `nickname_unseen`, `nickname_no_letter`, `nickname_stacked`,
    `nickname_reserved`, `nickname_mixed`.
    """
    if len(text) > 200:
        raise _too_long(len(text))
    try:
        name = clean_name(text)
    except ValidationError as error:
        codes = {"invisible": "nickname_unseen", "no_letter": "nickname_no_letter"}
        raise BadInput(
            str(error.message).replace("This name", "This nickname").replace("A name", "A nickname"),
            code=codes[str(error.code)],
        ) from error
    if len(name) < FEWEST:
        raise BadInput(f"A nickname has at least {FEWEST} characters.", code="nickname_too_short")
    if len(name) > MOST:
        raise _too_long(len(name))
    if any(unicodedata.category(sign) in {"Zl", "Zp"} for sign in name) or _stack(name) > MOST_MARKS:
        raise BadInput("This nickname piles up more marks on a letter than one line can hold.", code="nickname_stacked")
    key = key_of(name)
    if key in {key_of(word) for word in RESERVED}:
        raise BadInput(
            f"{name} is what the page itself says of somebody. Choose another nickname.", code="nickname_reserved"
        )
    if len(alphabets := sorted({script for sign in name if (script := _script(sign)) in ALIKE})) > 1:
        said = " and ".join(script.capitalize() for script in alphabets)
        raise BadInput(
            f"This nickname mixes letters of {said}, which look alike. Write it in one alphabet.", code="nickname_mixed"
        )
    return name, key


def _too_long(letters: int) -> BadInput:
    return BadInput(f"A nickname has at most {MOST} characters; this one has {letters}.", code="nickname_too_long")


def key_of(name: str) -> str:
    """Without case, accents, spaces and punctuation, letters that look alike made one: Ann-Ä and anna are the same."""
    plain = unicodedata.normalize("NFKD", name).translate(CAPITALS).casefold().translate(LOOKS)
    kept = "".join(
        sign for sign in plain if sign.isalnum() or (unicodedata.category(sign)[0] == "M" and sign not in ACCENTS)
    )
    return (kept or plain)[:96]


def _script(sign: str) -> str:
    """The first word of a letter's name, which is its alphabet; "" of what is no letter. A wide or bold A counts as the A it stands for."""
    plain = unicodedata.normalize("NFKD", sign)[:1]
    return unicodedata.name(plain, "").partition(" ")[0] if plain.isalpha() else ""


def _stack(name: str) -> int:
    """The most marks in a row."""
    most = here = 0
    for sign in unicodedata.normalize("NFD", name):
        here = here + 1 if unicodedata.category(sign).startswith("M") else 0
        most = max(most, here)
    return most
