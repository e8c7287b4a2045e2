"""From the text of a course file, or of another file that people write, to plain values with the line of each.

YAML is read event by event with an own stack, so that neither depth nor anchors can make it grow: anchors, aliases, tags and several
documents are refused, and every value keeps the line on which it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import yaml
from yaml.reader import Reader, ReaderError

MOST_BYTES, MOST_DEPTH, MOST_BITS = 1 << 19, 16, 64
PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it was built in: thirty times faster
Path = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Finding:
    """Something wrong, or worth knowing, at a line (1 = the first). `code` is lower-case letters and `_`."""

    line: int
    code: str
    sentence: str


class FileError(Exception):
    """The file cannot be used. `findings` is never empty and stands in the order of the lines."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(f"{f.line}: {f.code}: {f.sentence}" for f in findings))
        self.findings = sorted(findings)


@dataclass
class Source:
    """The values of a file, the line of each by its path: ("sessions", 3, "title"), and the text itself with its comments."""

    tree: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)
    text: str = ""

    def line(self, *path: str | int) -> int:
        """The line of a value, or of the nearest thing around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


def read(
    content: bytes, *, kind: str = "course file", most_bytes: int = MOST_BYTES, clocks_are_text: bool = False
) -> Source:
    """Raises FileError: too large, not UTF-8, not YAML, or YAML that such a file may not use.

    clocks_are_text: what YAML would take for a moment or a number of base 60 stays the text it is; else it has to stand in quotes.
    """
    if len(content) > most_bytes:
        most = f"{most_bytes // 1_000_000} MB" if most_bytes % 1_000_000 == 0 else f"{most_bytes // 1024} KiB"
        raise FileError([Finding(1, "too_large", f"The file is larger than {most}, the most a {kind} may have.")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError([Finding(line, "not_utf", "This is not UTF-8 text. Save the file as UTF-8.")]) from error
    try:
        source = _Builder(text, kind, clocks_are_text=clocks_are_text).build()
    except yaml.MarkedYAMLError as error:
        raise FileError([_syntax(error, text)]) from error
    except ReaderError as error:
        said = "A character here is none of text; write the line again without it."
        found = Reader.NON_PRINTABLE.search(text)  # error.position counts bytes in one parser, letters in the other
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        raise FileError([Finding(line, "not_yaml", said)]) from error
    except yaml.YAMLError as error:
        raise FileError([Finding(1, "not_yaml", f"This cannot be read as YAML: {_one_line(error)}.")]) from error
    source.text = text
    return source


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    shown = text.splitlines()[line : line + 1]
    if shown and "\t" in shown[0][: len(shown[0]) - len(shown[0].lstrip())]:
        return Finding(line + 1, "tab", "A tab indents this line; YAML takes spaces only.")
    return Finding(line + 1, "not_yaml", f"This is no YAML: {_one_line(error.problem or error.context or error)}.")


def _one_line(what: object) -> str:
    return " ".join(str(what).split())[:160].rstrip(".")


def _line_of(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _stop(event: yaml.Event, code: str, sentence: str) -> FileError:
    return FileError([Finding(_line_of(event), code, sentence)])


@dataclass
class _Open:
    """A mapping or list that is being filled."""

    value: Any
    path: Path
    key: Any = None


class _Builder:
    def __init__(self, text: str, kind: str, *, clocks_are_text: bool) -> None:
        self.kind, self.clocks_are_text = kind, clocks_are_text
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=PARSER)
        self.maker = yaml.SafeLoader("")
        self.lines: dict[Path, int] = {}
        self.stack: list[_Open] = []
        self.root: Any = None
        self.documents = 0

    def build(self) -> Source:
        for event in self.events:
            self._take(event)
        if not isinstance(self.root, dict):
            said = f"A {self.kind} is a mapping: lines like `name:` with what belongs to it below."
            raise FileError([Finding(1, "not_a_mapping", said)])
        return Source(self.root, self.lines)

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _stop(event, "two_documents", f"The file holds several YAML documents; a {self.kind} is one.")
        elif isinstance(event, yaml.AliasEvent):
            raise _stop(event, "alias", f"Aliases (*name) are not taken in a {self.kind}; write the value out.")
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor:
                raise _stop(event, "anchor", f"Anchors (&name) are not taken in a {self.kind}; write the value out.")
            if getattr(event, "tag", None) not in (None, "!"):
                raise _stop(event, "tag", f"Tags are not taken in a {self.kind}: {str(event.tag)[:60]}.")  # type: ignore[attr-defined]
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()

    def _node(self, event: yaml.NodeEvent) -> None:
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            self._key(event)
            return
        if isinstance(event, yaml.ScalarEvent):
            self._put(self._scalar(event), event)
            return
        if len(self.stack) >= MOST_DEPTH:
            raise _stop(event, "too_deep", f"Values are nested deeper than {MOST_DEPTH} levels here.")
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Open(value, self._put(value, event)))

    def _key(self, event: yaml.NodeEvent) -> None:
        key = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else None
        top = self.stack[-1]
        if isinstance(key, bool):
            said = f"YAML reads the key `{getattr(event, 'value', '')}` as true or false; put it in quotes."
            raise _stop(event, "key_not_text", said)
        if not isinstance(key, str):
            raise _stop(event, "key_not_text", "A key must be a word; put it in quotes if it is meant.")
        if key in top.value:
            raise _stop(event, "key_twice", f"The key {key[:60]} stands twice in the same mapping.")
        top.key = key
        self.lines[(*top.path, key)] = _line_of(event)

    def _put(self, value: Any, event: yaml.Event) -> Path:
        if not self.stack:
            self.root = value
            self.lines[()] = _line_of(event)
            return ()
        top = self.stack[-1]
        if isinstance(top.value, dict):
            path = (*top.path, top.key)
            top.value[top.key], top.key = value, None
        else:
            path = (*top.path, len(top.value))
            top.value.append(value)
            self.lines[path] = _line_of(event)
        return path

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if not event.implicit[0]:  # quoted, or a block: text as it stands
            return event.value
        tag = self.maker.resolve(yaml.ScalarNode, event.value, (True, False))  # type: ignore[no-untyped-call]
        if self.clocks_are_text and (tag.endswith(":timestamp") or (tag.endswith(":int") and ":" in event.value)):
            return event.value
        node = yaml.ScalarNode(tag, event.value)
        if tag.endswith(":int") and ":" in event.value:
            said = f'YAML reads {event.value} as a number of base 60; write the time in quotes: "{event.value}".'
            raise _stop(event, "time_without_quotes", said)
        try:
            value = self.maker.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError) as error:
            raise _stop(event, "not_a_value", f"{event.value[:40]} is no date and no number.") from error
        if isinstance(value, datetime):
            raise _stop(event, "time_without_quotes", f'Write the moment in quotes: "{value:%Y-%m-%d %H:%M}".')
        if _is_beyond(value):
            raise _stop(event, "not_a_value", f"{event.value[:40]} is nothing that a {self.kind} holds.")
        return value


def _is_beyond(value: Any) -> bool:
    """Bytes, and numbers that no file means: no number, without end, or of so many digits that Python will not write them out."""
    if isinstance(value, float):
        return value != value or abs(value) == float("inf")
    return isinstance(value, bytes) or (isinstance(value, int) and value.bit_length() > MOST_BITS)


def plain(value: Any) -> Any:
    """The same values as JSON has them: a date becomes its ISO text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
