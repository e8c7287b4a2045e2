"""The part `late_policy` of the course file: the late policy with its heading and its source, kept in Course.facts."""

from collections.abc import Iterator

from courseplatform.courses.course_file.reading import Finding, Path, Source
from courseplatform.courses.course_file.registry import FilePart, fact_part
from courseplatform.courses.course_file.words import line, mapping
from grading.course_file.late.policy import contradictions, unlike_any_policy
from grading.course_file.late.schema import POLICY

KEY = "late_policy"
AFTER_GRADING = 59  # the order of `grading`, registered before: of equals the earlier stands first
SCHEMA = mapping(
    "Late days. Left out where the source states no rule.",
    ("policy",),
    title=line("Its heading."),
    applies_to=line("Which work."),
    source=line("Where it is from."),
    policy=POLICY,
)


def check(source: Source) -> Iterator[Finding]:
    if KEY in source.tree:
        yield from unlike_any_policy(source, (KEY, "policy"))
        yield from contradictions(
            source, (KEY, "policy"), {item["slug"] for item in source.tree.get("assignments", [])}
        )
        yield from _above_the_whole(source)


def _above_the_whole(source: Source) -> Iterator[Finding]:
    """More than the whole cannot be lost; as points it can, since an assignment's points may be any."""
    penalty = source.tree[KEY]["policy"].get("penalty", {})
    if penalty.get("kind", "percent_of_max") == "points":
        return
    given: list[tuple[Path, float]] = [(("steps", n), value) for n, value in enumerate(penalty.get("steps", []))]
    given += [((key,), penalty[key]) for key in ("each", "most") if key in penalty]
    for path, value in given:
        if value > 100:
            said = f"{KEY}.policy.penalty.{path[0]} is {value:g} %; more than 100 % cannot be lost."
            yield Finding(source.line(KEY, "policy", "penalty", *path), "too_large", said)


_KEPT = fact_part(KEY, AFTER_GRADING, SCHEMA)
LATE_PART = FilePart(KEY, AFTER_GRADING, SCHEMA, _KEPT.dump, _KEPT.load, check)
