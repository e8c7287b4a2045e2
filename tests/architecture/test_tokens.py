"""The colours: dark means the same however one asks for it, and every pair that carries text can be read."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "static/css/tokens.css").read_text()
TEXT, EDGE = 4.5, 3.0
TONES = ("good", "warn", "bad", "neutral")


def block(selector):
    """The custom properties that follow `selector`, by name."""
    body = CSS[CSS.rindex(f"{selector} {{") :].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))


LIGHT = block(":root")
DARK = block(':root[data-theme="dark"]')
SYSTEM = block(':root:not([data-theme="light"])')


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_systems_dark_and_the_persons_dark_are_the_same():
    assert SYSTEM == DARK


def test_dark_answers_every_colour_of_light():
    colours = {name for name, value in LIGHT.items() if value.startswith("#")}
    assert colours - set(DARK) == set()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_edges_can_be_seen(theme):
    ground = theme["ground"]
    pairs = [(theme[name], ground, TEXT) for name in ("ink", "ink-2", "ink-3", "accent", *TONES, "plot-1", "plot-2")]
    pairs += [(theme[name], theme["inset"], TEXT) for name in ("ink", "ink-2", "ink-3", "accent")]
    pairs += [(theme[name], theme["accent-soft"], TEXT) for name in ("ink", "ink-2", "ink-3", "accent")]
    pairs += [(theme[tone], theme[f"{tone}-soft"], TEXT) for tone in TONES]
    pairs += [
        (theme["on-accent"], theme["accent"], TEXT),
        (theme["field"], ground, EDGE),
        (theme["plot-0"], ground, EDGE),
    ]
    assert [(a, b, round(contrast(a, b), 2)) for a, b, least in pairs if contrast(a, b) < least] == []


def test_the_arithmetic_of_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
