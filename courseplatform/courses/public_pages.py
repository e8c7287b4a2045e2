"""What the public pages of a course show besides its schedule: facts of its course file, put in the order in which one asks for them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Reader
from courseplatform.courses.course_file.checking import advice
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.home_sections import office_hour_rows
from courseplatform.courses.models import Course
from courseplatform.courses.policy_words import pass_sentences, policy_sentences
from courseplatform.courses.schedule import SessionRow, session_rows
from courseplatform.courses.stages import charge_mah, stages_of
from courseplatform.courses.zones import zone_words

Facts = dict[str, Any]
ADVISED = {"grading", "assignments"}  # what checking.advice calculates with


def about(reader: Reader, now: datetime) -> Facts:
    course = reader.course
    own, hours = course.facts.get("course", {}), office_hour_rows(course)
    return {
        "own": own,
        "summary": render_markdown(course.summary),
        "motivation": render_markdown(own.get("motivation", "")),
        "rows": _about_rows(course, own),
        "staff": _staff_groups(course),
        "office_hours": hours,
        "hours_zone": zone_words(course.zone) if course.zone and any(row["start"] for row in hours) else "",
        "next": _next_session(reader, now),
        "findings": findings(course),
    }


def _about_rows(course: Course, own: Facts) -> list[tuple[str, list[Facts]]]:
    """Label and entries {text, url, note}, in the order in which one asks."""
    facts, headings = course.facts, own.get("headings", {})
    rows: list[tuple[str, list[Facts]]] = [
        ("Time and place", [*_said(course.meets), *(_meeting(m, course.zone) for m in facts.get("meetings", []))]),
        ("For whom", _said(own.get("audience", ""))),
        ("Prerequisites", [_class_line(item) for item in facts.get("prerequisites", [])]),
        ("Languages and libraries", [{"text": t["name"], "url": t.get("url"), "note": t.get("use")} for t in facts.get("tools", [])]),
        ("Textbook and materials", [_material(item) for item in facts.get("materials", [])]),
        (headings.get("communication", "Where the course talks"), [_place_to_talk(item) for item in facts.get("communication", [])]),
        ("Handing in", [_hand_in(facts["hand_in"])] if "hand_in" in facts else []),
        ("Related classes", [_class_line(item) for item in facts.get("related_classes", [])]),
        (headings.get("links", "Resources"), [{"text": item["label"], "url": item.get("url"), "note": item.get("note")} for item in facts.get("links", [])]),
        ("Website", [{"text": own["website"], "url": own["website"]}] if "website" in own else []),
    ]  # fmt: skip
    return [(label, entries) for label, entries in rows if entries]


def _said(words: str) -> list[Facts]:
    return [{"text": words}] if words else []


def _meeting(meeting: Facts, zone: str) -> Facts:
    """Beside the words of the source: days, hours with their zone, and the room."""
    hours = {"start": meeting["from"], "end": meeting["to"]} if "from" in meeting and "to" in meeting else {}
    return {
        "text": " and ".join(day.capitalize() for day in meeting.get("days", [])),
        "zone": zone_words(zone) if hours and zone else "",
        "place": meeting.get("place"),
        "note": meeting.get("note"),
        **hours,
    }


def _class_line(item: Facts) -> Facts:
    """6.3900[6.036] (Introduction to Machine Learning), or a class that does as well."""
    numbers = " / ".join(
        f"{n['number']}[{n['former']}]" if "former" in n else n["number"] for n in item.get("numbers", [])
    )
    others = " or ".join(_class_line(other)["text"] for other in item.get("or", []))
    text = f"{numbers} ({item['title']})" if numbers else item["title"]
    return {"text": f"{text} or {others}" if others else text}


def _place_to_talk(item: Facts) -> Facts:
    return {"text": f"{item['what']}: {item['where']}", "url": item.get("url"), "note": item.get("note")}


def _material(item: Facts) -> Facts:
    said = ": ".join(part for part in (item["title"], item.get("text", "")) if part)
    return {"text": said, "url": item.get("url"), "note": item.get("where")}


def _hand_in(item: Facts) -> Facts:
    due = f"due at {item['due_clock']}" if "due_clock" in item else ""
    return {
        "text": ", ".join(part for part in (item.get("place", ""), due) if part) or item.get("note", ""),
        "note": item.get("note"),
    }


def _staff_groups(course: Course) -> list[Facts]:
    words = {
        "instructor": ("Instructor", "Instructors"),
        "ta": ("Teaching assistant", "Teaching assistants"),
        "organizer": ("Organizer", "Organizers"),
    }
    people = list(course.staff.all())
    groups = []
    for role, (one, many) in words.items():
        found = [person for person in people if person.role == role]
        if found:
            people_rows = [
                {"person": person, "about": render_markdown(person.about) if person.about else ""} for person in found
            ]
            groups.append({"title": one if len(found) == 1 else many, "people": people_rows})
    return groups


def _next_session(reader: Reader, now: datetime) -> SessionRow | None:
    rows = session_rows(reader.course, [], now, staff=False)
    today = timezone.localdate(now, reader.course.tz)
    return next(
        (row for session, row in rows if session.held_on and session.held_on >= today and row.state != "none"), None
    )


def findings(course: Course) -> list[str]:
    """What the source leaves open or says twice, and what can be calculated: kept visible, never resolved."""
    kept = [item["text"] for item in course.facts.get("findings", [])]
    needed = {part.key: part.dump(course) for part in file_parts.parts if part.key in ADVISED}
    # The public reads this, and a draft is for the staff.
    needed["assignments"] = [item for item in needed.get("assignments") or [] if not item.get("draft")]
    return kept + [sentence for _, sentence in advice({key: value for key, value in needed.items() if value})]


def policies(course: Course) -> Facts:
    facts = course.facts
    late = facts.get("late_policy")
    grading = facts.get("grading", {})
    names = _names_of_work(course) if late or "pass" in grading else {}
    zone = zone_words(course.zone) if course.zone else ""
    return {
        "sections": [
            {**item, "points": item.get("items"), "html": render_markdown(item.get("text", ""))}
            for item in facts.get("policies", [])
        ],
        "grading": grading,
        "grading_intro": render_markdown(grading.get("intro", "")),
        "shares": _shares(grading.get("components", [])),
        "pass": list(pass_sentences(grading.get("pass"), names)),
        "late": {**late, "sentences": policy_sentences(_told_once(late["policy"], grading), zone, names)}
        if late
        else None,
        "participation": facts.get("participation"),
        "presentations": _presentations(facts.get("presentations")),
        "scribe": facts.get("scribe"),
    }


def _told_once(policy: Facts, grading: Facts) -> Facts:
    """The policy without its rule of passing, where the section Grading says the same one already."""
    same = all(policy.get("pass", {}).get(key) == grading.get("pass", {}).get(key) for key in ("turned_in", "of"))
    return {key: value for key, value in policy.items() if key != "pass"} if same else policy


def _names_of_work(course: Course) -> dict[str, str]:
    """The name in tables of each assignment, by its slug. Asked of the part that holds them, since this room has no assignments."""
    parts = [part.dump(course) for part in file_parts.parts if part.key == "assignments"]
    return {item["slug"]: item["short"] for part in parts for item in part or []}


def _shares(components: Iterable[Facts]) -> list[Facts]:
    """The parts of the grade with how far each reaches on a bar of 100 %; a bonus stands beyond it."""
    rows, at = [], 0.0
    for part in components:
        percent = float(part.get("percent", 0))
        bonus = part.get("bonus", False)
        rows.append(
            {
                **part,
                "start": at,
                "width": 0 if bonus else percent,
                "percent_words": f"{percent:g} %" if "percent" in part else "",
            }
        )
        at += 0 if bonus else percent
    return rows


def _presentations(found: Facts | None) -> Facts | None:
    if not found:
        return None
    parts = []
    for part in found.get("parts", []):
        minutes = "-".join(f"{m:g}" for m in part.get("minutes", []))
        words = f"{minutes} min" if minutes else ""
        parts.append({**part, "minutes_words": f"{words} for each {part['per']}" if words and "per" in part else words})
    return {**found, "parts": parts}


def devices(course: Course) -> Facts:
    """Boards with every figure that any source states, and how long each runs on one charge: stated, and by its draw."""
    budget = course.facts.get("budget", {})
    capacity = budget.get("capacity_mah")
    stated = {item["device"]: item["hours"] for item in budget.get("hours", [])}
    rows = []
    for board in course.facts.get("devices", []):
        draws = board.get("current", [])
        computed = [{"hours": capacity / draw["ma"], **draw} for draw in draws if capacity and draw["ma"]]
        rows.append(
            {
                **board,
                "is_lent": board.get("lent", True),
                "stated_hours": stated.get(board["name"]),
                "computed": computed,
            }
        )
    most = max([*stated.values(), 1])
    bars = [{"device": name, "hours": hours, "width": round(100 * hours / most, 1)} for name, hours in stated.items()]
    groups = [
        {"title": title, "items_of": [item for item in course.facts.get("peripherals", []) if item["use"] == use]}
        for use, title in (("input", "Input"), ("output", "Output"), ("extension", "Extensions"))
    ]
    return {
        "boards": rows,
        "budget": budget,
        "bars": bars,
        "peripherals": [group for group in groups if group["items_of"]],
        "project": course.facts.get("project", {}),
    }


def projects(course: Course) -> Facts:
    """Stages say their budget where it is another than the charge that holds for each of them."""
    facts, charge = course.facts, charge_mah(course)
    return {
        "stages": [{"stage": stage, "has_own_budget": stage.budget_mah != charge} for stage in stages_of(course)],
        "project": facts.get("project", {}),
        "examples": facts.get("example_projects", []),
        "pictures": facts.get("pictures", []),
        "budget": facts.get("budget", {}),
    }
