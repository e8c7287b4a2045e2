"""What only pages of teams draw."""

from django import template

register = template.Library()


@register.filter
def initials(name: str) -> str:
    """Ruth Adeyemi -> RA; at most two letters."""
    words = name.split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()
