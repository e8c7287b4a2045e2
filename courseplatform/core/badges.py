"""The badge: a tone, an icon and a word, never one of them alone. Templates draw it with `{% badge %}`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Badge:
    """`tone`: neutral, good, warn or bad. `icon`: a symbol of static/img/icons.svg."""

    tone: str
    icon: str
    word: str
