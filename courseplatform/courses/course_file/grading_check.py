"""What no schema says about the grading scheme: each assignment in one part, letters that fall, a curve of one kind a step."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Source

Facts = Mapping[str, Any]
STEPS = ("add", "times", "root")


def grading_check(source: Source) -> Iterator[Finding]:
    """Findings at their lines: `unknown_assignment`, `in_two_parts`, `weighs_nowhere`, `drops_too_many`, `twice`, `letters_do_not_fall`,
    `one_kind_a_step`."""
    grading = source.tree.get("grading", {})
    parts = grading.get("components", [])
    yield from _fed(source, parts)
    yield from _weighs_nowhere(source, parts)
    yield from _letters(source, grading.get("letters", []))
    for n, step in enumerate(grading.get("curve", [])):
        kinds = [kind for kind in STEPS if step.get(kind, False) is not False]
        if len(kinds) != 1:
            said = f"A step of the curve is one of add, times or root; here {' and '.join(kinds) or 'none'} stands."
            yield Finding(source.line("grading", "curve", n), "one_kind_a_step", said)


def _fed(source: Source, parts: list[Facts]) -> Iterator[Finding]:
    known = {item["slug"] for item in source.tree.get("assignments", [])}
    where, keys = dict[str, str](), Counter(part["key"] for part in parts if "key" in part)
    for n, part in enumerate(parts):
        at = ("grading", "components", n)
        if keys[part.get("key", "")] > 1:
            yield Finding(source.line(*at), "twice", f"The key {part['key']} stands at two parts of the grade.")
        for m, slug in enumerate(part.get("of", [])):
            if slug not in known:
                said = f"{part['title']} is of {slug}, and the file has no assignment of that slug."
                yield Finding(source.line(*at, "of", m), "unknown_assignment", said)
            elif slug in where:
                said = f"{slug} feeds {where[slug]} and {part['title']}; it counts in one of them."
                yield Finding(source.line(*at, "of", m), "in_two_parts", said)
            where.setdefault(slug, part["title"])
        named: list[str] = part.get("from", [])
        for name, times in Counter(named).items():
            if times > 1:
                yield Finding(source.line(*at, "from"), "twice", f"{part['title']} names {name} twice.")
        yield from _drops(source, n, part)


def _drops(source: Source, n: int, part: Facts) -> Iterator[Finding]:
    """With what enters by itself nobody knows how many pieces there will be."""
    pieces = max(part.get("count", 0), len(part.get("of", [])))
    if part.get("drop_lowest", 0) >= pieces and pieces and "from" not in part:
        said = f"{part['title']} drops {part['drop_lowest']} of {pieces}; one at least has to count."
        yield Finding(source.line("grading", "components", n, "drop_lowest"), "drops_too_many", said)


def _weighs_nowhere(source: Source, parts: list[Facts]) -> Iterator[Finding]:
    """Where no part says what feeds it, nothing is calculated, and so nothing is left out."""
    fed = {slug for part in parts for slug in part.get("of", [])}
    for n, item in enumerate(source.tree.get("assignments", []) if fed else ()):
        if "percent" in item and item.get("counts", True) and item["slug"] not in fed:
            said = (
                f"{item['short']} is {item['percent']:g} % of the grade, and stands in no part of it: name it in `of`."
            )
            yield Finding(source.line("assignments", n, "percent"), "weighs_nowhere", said)


def _letters(source: Source, letters: list[Facts]) -> Iterator[Finding]:
    for n, (before, letter) in enumerate(pairwise(letters), 1):
        if letter["from"] >= before["from"]:
            said = f"{letter['letter']} begins at {letter['from']:g} %, and {before['letter']} above it at {before['from']:g} %. They fall."
            yield Finding(source.line("grading", "letters", n), "letters_do_not_fall", said)
    for name, times in Counter(letter["letter"] for letter in letters).items():
        if times > 1:
            yield Finding(source.line("grading", "letters"), "twice", f"The letter {name} stands twice.")


def pieces_advice(tree: Facts) -> Iterator[tuple[str, str]]:
    """Parts whose assignments state weights that add up to something else: shown, and counted as they are stated."""
    weight = {item["slug"]: item["percent"] for item in tree.get("assignments", []) if "percent" in item}
    for part in tree.get("grading", {}).get("components", []):
        stated = [weight[slug] for slug in part.get("of", []) if slug in weight]
        is_whole = len(stated) == len(part.get("of", [])) >= part.get("count", 0)
        if stated and is_whole and "from" not in part and abs(sum(stated) - part.get("percent", 0)) > 0.01:
            said = f"{part['title']}: its assignments add up to {sum(stated):g} %, and it is {part.get('percent', 0):g} % of the grade."
            yield "pieces_do_not_add_up", said
