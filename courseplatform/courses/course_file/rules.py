"""The parts of a course file that say how one is graded: weights, late days, participation, presentations, scribe notes."""

from courseplatform.courses.course_file.words import (
    Schema,
    choice,
    clock,
    count,
    flag,
    line,
    listed,
    mapping,
    number,
    prose,
    slug,
)  # fmt: skip

SHARE = mapping(
    "A part of the grade.",
    ("title",),
    key=slug("Its name for other parts of the file."),
    title=line("As the source writes it."),
    percent=number("Its weight in % of the grade."),
    count=count("How many pieces it is made of."),
    each_percent=number("% for one piece."),
    cap_percent=number("No more than this many %."),
    bonus=flag("Above the 100 %.", default=False),
    group=line("The group it stands in: Papers."),
    note=line("What stands beside it.", 400),
    parts=listed(
        mapping(
            "A part of it.",
            ("title",),
            title=line("As the source writes it."),
            percent=number("In % of the grade."),
            note=line("What it takes.", 400),
        ),
        "What it is made of.",
    ),
)
_PENALTY = mapping(
    "What is lost after the bank.",
    kind=choice("Of what.", "percent_of_max", "percent_of_earned", "points", "cap"),
    steps=listed(number("Total loss."), "Total loss after 1, 2, ... uncovered units."),
    each=number("Added for each further unit."),
    most=number("Never more than this."),
    used_unit_costs=number("% lost for each unit of the bank that is used."),
)
_PASS = mapping(
    "What must be turned in to pass.",
    turned_in=count("How many."),
    of=listed(slug("An assignment."), "Of these."),
    note=line("What counts.", 300),
)
_BANK = mapping(
    "Late days without penalty.", days=count("How many."), owner=choice("Whose they are.", "person", "team")
)
_BANKS = listed(
    mapping(
        "One of several banks.",
        ("name", "days", "owner"),
        name=slug("Its name."),
        days=count("How many."),
        owner=choice("Whose.", "person", "team"),
        assignments=listed(slug("An assignment."), "What it pays for."),
    ),
    "Several banks instead of one.",
)
_UNIT = mapping(
    "What a late day is.",
    kind=choice("Counted by the calendar or from the due time.", "calendar_day", "hours"),
    boundary=clock("When a new late day begins."),
    due_day=choice("Whether the rest of the due day is free.", "free", "counts"),
    hours=count("Length of a unit.", 1),
    clock=choice("Over a clock change.", "wall", "elapsed"),
)
POLICY = mapping(
    "The late policy, field by field.",
    bank=_BANK,
    banks=_BANKS,
    unit=_UNIT,
    edge=choice("Exactly at a boundary.", "on_time", "late"),
    minute=choice("Whether seconds count.", "instant", "whole"),
    grace=mapping(
        "Minutes in which nothing is late.", minutes=count("How many."), at=choice("Where.", "first", "every", "shift")
    ),
    weekend=choice("Saturdays and Sundays.", "counts", "skipped", "one"),
    cap=count("Most units on one assignment."),
    spend=choice("Taken by themselves, or asked for.", "automatic", "asked"),
    order=choice("In which order the bank pays.", "submit_time", "due_date"),
    over=mapping(
        "What happens when the bank does not cover.",
        rule=choice("The rule.", "penalty", "refuse", "zero"),
        partial=flag("The bank pays as far as it goes.", default=True),
    ),
    penalty=_PENALTY,
    team=choice("Members with own banks.", "each", "all", "poorest"),
    attempt=choice("Which attempt is judged.", "active", "last", "best", "last_affordable"),
    pass_=_PASS,
)


RULES: dict[str, Schema] = {
    "grading": mapping(
        "The grading scheme.",
        intro=prose("What stands before it."),
        components=listed(SHARE, "The parts of the grade."),
        split=listed(
            mapping("A stated share.", ("title", "percent"), title=line("Of what."), percent=number("In %.")),
            "How the source splits the grade in words, also where the parts add up to something else.",
        ),
        required_=listed(line("Required work without a weight.", 300), "Required work without a weight."),
        outside=listed(line("What does not count.", 300), "What stands outside the grade."),
        pass_=_PASS,
        notes=listed(line("A sentence.", 400), "What else is said."),
    ),
    "late_policy": mapping(
        "Late days. Left out where the source states no rule.",
        ("policy",),
        title=line("Its heading."),
        applies_to=line("Which work."),
        source=line("Where it is from."),
        policy=POLICY,
    ),
    "participation": mapping(
        "Credit for taking part.",
        title=line("Its heading."),
        each_percent=number("% for one."),
        cap_percent=number("No more than this many %."),
        what=line("What earns it.", 300),
        bonus=flag("Above the 100 %.", default=False),
        note=line("What stands beside it.", 400),
        parts=listed(
            mapping(
                "A way of earning it.",
                ("title", "percent"),
                key=slug("Its name."),
                title=line("As the source writes it."),
                percent=number("In % of the grade."),
                top=count("So many people at the top get it."),
                channels=listed(
                    choice("Where it was said.", "class", "slack", "piazza", "zoom", "other"),
                    "Only what was said here counts.",
                ),
                note=line("What it takes.", 400),
            ),
            "Ways of earning it.",
        ),
    ),
    "presentations": mapping(
        "Paper presentations.",
        presenters=mapping("How many present a paper together.", most=count("At most.", 1)),
        points=number("What a presentation is worth."),
        reviewers=mapping("How many review a paper together.", least=count("At least."), most=count("At most.")),
        note=line("What they are for.", 400),
        parts=listed(
            mapping(
                "A part of a presentation.",
                ("title",),
                title=line("What it is."),
                text=line("What it holds.", 400),
                minutes=listed(number("Minutes."), "Minutes: one number, or from and to.", 2),
                per=choice("For each of these.", "team", "student"),
            ),
            "Its parts.",
        ),
    ),
    "scribe": mapping(
        "Scribe notes.",
        lectures=line("How many lectures each scribes."),
        due_days=count("Days after the lecture."),
        by=line("Who writes: one person, or a scribe team.", 200),
        example=line("When an example is out."),
        note=line("How they are judged.", 400),
    ),
}
