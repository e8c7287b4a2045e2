"""What a browser calls itself, in words that its owner knows again. Guessing more than name and system would need a list of every telephone."""

from collections.abc import Sequence

MOST_CHARACTERS = 400  # of the header that is looked at

# The first that stands in the header. Each of them also claims to be those below it.
NAMES: Sequence[tuple[str, str]] = (
    ("milliamp/", "The milliamp command"), ("curl/", "curl"), ("python-", "A Python program"), ("HeadlessChrome/", "Chrome without a window"),
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS: Sequence[tuple[str, str]] = (
    ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_words(header: str) -> str:
    """Firefox on Linux. At most 60 characters, whatever is sent."""
    header = header[:MOST_CHARACTERS]
    name = next((words for part, words in NAMES if part in header), "An unknown browser")
    system = next((words for part, words in SYSTEMS if part in header), "")
    return f"{name} on {system}" if system else name
