"""Whose grade an import of a course file would change by its rubrics: a line of the plan, before anything is taken."""

from typing import Any

from courseplatform.core.numbers import points
from courseplatform.courses.models import Course
from grading.models.assignments import Assignment
from grading.rubric_plan import PersonChange, RubricPlan, moved_points, plan_rubric

MOST_NAMED = 8
Tree = dict[str, Any]


def rubric_effects(course: Course, held: Tree, tree: Tree) -> list[str]:
    """A sentence for each rubric that differs and by which somebody was graded."""
    before = {item["slug"]: item.get("rubric", []) for item in held.get("assignments", [])}
    differs = {
        item["slug"]: item.get("rubric", [])
        for item in tree.get("assignments", [])
        if item["slug"] in before and before[item["slug"]] != item.get("rubric", [])
    }
    rows = Assignment.objects.filter(course=course, slug__in=differs).select_related("course").order_by("position")
    plans = [(row, plan_rubric(row, differs[row.slug])) for row in rows]
    return [_sentence(row.short, plan) for row, plan in plans if plan.changes or plan.opened]


def _sentence(short: str, plan: RubricPlan) -> str:
    found, said = plan.totals, list[str]()
    if found:
        seen = ", which students see" if plan.is_visible else ""
        together = moved_points(plan)
        named = "; ".join(f"{one.person.name}: {_moves(one)}" for one in found[:MOST_NAMED])
        more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        count = f"{len(found)} grade{'s' * (len(found) != 1)}{seen}"
        said.append(f"its rubric would change {count}, by {together:+.2f} points together: {named}{more}.")
    if plan.again:
        said.append(f"{plan.again} {'go' if plan.again != 1 else 'goes'} back to be graded.")
    if plan.opened:
        said.append(
            f"{plan.opened} grade{'s' * (plan.opened != 1)} that {'were' if plan.opened != 1 else 'was'} complete would have something to be graded."
        )
    if not said:
        said.append(f"marks of {len(plan.changes)} would change, below a sum that was set by hand.")
    return f"{short}: {' '.join(said)}".replace(" -", " \N{MINUS SIGN}")


def _moves(one: PersonChange) -> str:
    before, after = (
        "\N{EN DASH}" if sum_ is None else points(float(sum_)) for sum_ in (one.before.points, one.after.points)
    )
    return f"{before} \N{RIGHTWARDS ARROW} {after}"
