"""Who of the class a row of Canvas's file is: by Canvas's own numbers in its own order. Pure: no database.

A name is only ever a suggestion that a person confirms, and so is a number that looks like ours without its zeros: grades that go to
the wrong person are worse than grades that go to nobody.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grading.canvas.reading import FilePerson

# In the order in which Canvas itself looks.
KEYS = (("canvas_id", "Canvas ID"), ("sis_id", "SIS user ID"), ("login", "login"))


@dataclass(frozen=True)
class Known:
    """A student of the course, as the roster knows them."""

    pk: int
    name: str
    canvas_id: str = ""
    sis_id: str = ""
    login: str = ""
    email: str = ""
    registrar_name: str = ""


@dataclass(frozen=True)
class Pair:
    """A row of the file, and who it is. by: what told it."""

    row: FilePerson
    known: Known
    by: str


@dataclass(frozen=True)
class Matching:
    """pairs: sure. suggestions: to be confirmed, `by` says why. strangers: rows of nobody. absent: students without a row."""

    pairs: tuple[Pair, ...]
    suggestions: tuple[Pair, ...]
    strangers: tuple[tuple[FilePerson, str], ...]
    absent: tuple[Known, ...]


def matched(rows: Sequence[FilePerson], class_: Sequence[Known], confirmed: Mapping[int, int]) -> Matching:
    """Args:
    confirmed: number of a line -> key of the person whom somebody has confirmed for it.
    """
    index, people = _index(class_), {one.pk: one for one in class_}
    pairs: list[Pair] = []
    refused: list[tuple[FilePerson, str]] = []
    open_rows: list[tuple[FilePerson, str]] = []
    for row in rows:
        found, by, why = _by_number(row, index)
        if found is None and not by and confirmed.get(row.number) in people:
            found, by = people[confirmed[row.number]], "confirmed by hand"
        if found is not None:
            pairs.append(Pair(row, found, by))
        elif by:
            refused.append((row, why))
        else:
            open_rows.append((row, why))
    pairs, twice = _once(pairs)
    taken = {pair.known.pk for pair in pairs} | {known for _, known in twice}
    suggestions, strangers = _suggested(open_rows, [one for one in class_ if one.pk not in taken])
    strangers += refused + [(row, why) for (row, _), why in zip(twice, _why_twice(twice, people), strict=True)]
    taken |= {pair.known.pk for pair in suggestions}
    return Matching(
        tuple(pairs), tuple(suggestions), tuple(sorted(strangers, key=lambda one: one[0].number)),
        tuple(one for one in class_ if one.pk not in taken),
    )  # fmt: skip


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _index(class_: Iterable[Known]) -> dict[tuple[str, str], list[Known]]:
    found: dict[tuple[str, str], list[Known]] = defaultdict(list)
    for one in class_:
        for key, _ in KEYS:
            if value := _folded(getattr(one, key)):
                found[key, value].append(one)
        # Many schools let people sign in to Canvas with their address.
        if one.email and _folded(one.email) != _folded(one.login):
            found["login", _folded(one.email)].append(one)
    return found


def _by_number(row: FilePerson, index: Mapping[tuple[str, str], list[Known]]) -> tuple[Known | None, str, str]:
    """Who it is, what told it, and why it is nobody. Where something tells that it must be nobody, no name is suggested for it."""
    if row.refusal:
        return None, "its cells", row.refusal
    told = [
        (words, found[0])
        for key, words in KEYS
        if (value := _folded(getattr(row, key))) and len(found := index.get((key, value), [])) == 1
    ]
    people = {known.pk: known for _, known in told}
    if len(people) > 1:
        said = " and ".join(f"its {words} is that of {known.name}" for words, known in told[:3])
        return None, "its numbers", f"its numbers are those of different people: {said}"
    if told:
        return told[0][1], told[0][0], ""
    why = "; ".join(row.notes) or "none of its numbers is known in this course"
    return None, "", why


def _once(pairs: Sequence[Pair]) -> tuple[list[Pair], list[tuple[FilePerson, int]]]:
    """A person with two rows gets nothing: which of them Canvas would read cannot be told."""
    rows = defaultdict[int, list[Pair]](list)
    for pair in pairs:
        rows[pair.known.pk].append(pair)
    single = [pair for pair in pairs if len(rows[pair.known.pk]) == 1]
    return single, [(pair.row, pair.known.pk) for pair in pairs if len(rows[pair.known.pk]) > 1]


def _why_twice(twice: Sequence[tuple[FilePerson, int]], people: Mapping[int, Known]) -> list[str]:
    lines = defaultdict[int, list[int]](list)
    for row, known in twice:
        lines[known].append(row.number)
    return [
        f"{people[known].name} stands in the file more than once, in lines {', '.join(map(str, lines[known]))}"
        for _, known in twice
    ]


def _suggested(
    rows: Sequence[tuple[FilePerson, str]], left: Sequence[Known]
) -> tuple[list[Pair], list[tuple[FilePerson, str]]]:
    """For each row that no number tells: the one person it may be. Two rows for one person suggest nothing."""
    wishes: list[Pair] = []
    strangers: list[tuple[FilePerson, str]] = []
    for row, why in rows:
        found = _alike(row, left)
        people = {known.pk for known, _ in found}
        if len(people) == 1:
            wishes.append(Pair(row, found[0][0], f"{found[0][1]}; {why}"))
        else:
            more = f"; {len(people)} students have this name" if people else ""
            strangers.append((row, why + more))
    wanted = [pair.known.pk for pair in wishes]
    strangers += [(one.row, f"two rows could be {one.known.name}") for one in wishes if wanted.count(one.known.pk) > 1]
    return [one for one in wishes if wanted.count(one.known.pk) == 1], strangers


def _alike(row: FilePerson, left: Sequence[Known]) -> list[tuple[Known, str]]:
    short = row.sis_id.lstrip("0")
    zeros = [one for one in left if short and short.isdecimal() and one.sis_id.lstrip("0") == short]
    if zeros:
        return [
            (one, f"its SIS user ID is {row.sis_id} and ours {one.sis_id}: a spreadsheet may have dropped the zeros")
            for one in zeros
        ]
    login = _folded(row.login)
    local = [one for one in left if login and _folded(one.email).split("@")[0] == login]
    if local:
        return [(one, f"its login is the first part of {one.email}") for one in local]
    name = name_key(row.name)
    return [
        (one, "the same name") for one in left if name and name in (name_key(one.name), name_key(one.registrar_name))
    ]


def name_key(name: str) -> str:
    """Adeyemi, Ruth and Ruth Adeyemi are one: the words in the order of the alphabet."""
    return " ".join(sorted(_folded(name.replace(",", " ")).split()))
