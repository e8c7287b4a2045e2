"""The parts of a course file that say how one is graded: weights, participation, presentations, scribe notes."""

from courseplatform.courses.course_file.words import (
    Schema,
    choice,
    count,
    flag,
    line,
    listed,
    mapping,
    number,
    percent,
    prose,
    slug,
)  # fmt: skip

# What enters a part of the grade by itself, from the rooms that keep it; docs/gradebook.md says what each is worth.
SOURCES = ("participation", "presentations", "highlights", "scribe", "peer_feedback", "hardware_return")
SHARE = mapping(
    "A part of the grade.",
    ("title",),
    key=slug("Its name for other parts of the file."),
    title=line("As the source writes it."),
    percent=percent("Its weight in % of the grade."),
    count=count("How many pieces it is made of."),
    each_percent=percent("% for one piece."),
    cap_percent=percent("No more than this many %."),
    bonus=flag("Above the 100 %.", default=False),
    group=line("The group it stands in: Papers."),
    of=listed(slug("An assignment."), "The assignments that feed it; each stands in one part alone.", 200),
    from_=listed(choice("What enters it by itself.", *SOURCES), "What feeds it by itself.", len(SOURCES)),
    drop_lowest=count("So many of its graded pieces, those with the lowest share, do not count.", 0, 100),
    note=line("What stands beside it.", 400),
    parts=listed(
        mapping(
            "A part of it.",
            ("title",),
            title=line("As the source writes it."),
            percent=percent("In % of the grade."),
            note=line("What it takes.", 400),
        ),
        "What it is made of.",
    ),
)
_LETTER = mapping(
    "A letter.",
    ("letter", "from"),
    letter=line("A, B+, pass.", 12),
    from_=percent("From this many % on; rounded to two decimals first."),
)
_CURVE = mapping(
    "A step that changes the % of everybody: add, times or root, one of them.",
    add=number("So many percent points more; fewer with a minus.", -100, 100),
    times=number("Times this factor: 1.05.", 0, 10),
    root=flag("10 times the square root, so that 81 becomes 90.", default=False),
    most=number("It lifts nobody above this many %; left out: 100.", 0, 200),
    why=line("Why; students read it.", 300),
)
_PASS = mapping(
    "What must be turned in to pass.",
    turned_in=count("How many."),
    of=listed(slug("An assignment."), "Of these."),
    note=line("What counts.", 300),
)


RULES: dict[str, Schema] = {
    "grading": mapping(
        "The grading scheme.",
        intro=prose("What stands before it."),
        components=listed(SHARE, "The parts of the grade."),
        split=listed(
            mapping("A stated share.", ("title", "percent"), title=line("Of what."), percent=percent("In %.")),
            "How the source splits the grade in words, also where the parts add up to something else.",
        ),
        required_=listed(line("Required work without a weight.", 300), "Required work without a weight."),
        outside=listed(line("What does not count.", 300), "What stands outside the grade."),
        pass_=_PASS,
        curve=listed(_CURVE, "Steps after the sum, one after the other.", 10),
        letters=listed(_LETTER, "Letters, the best first.", 30),
        letters_shown=flag("Students see the letter that they stand at.", default=True),
        notes=listed(line("A sentence.", 400), "What else is said."),
    ),
    "participation": mapping(
        "Credit for taking part.",
        title=line("Its heading."),
        each_percent=percent("% for one."),
        cap_percent=percent("No more than this many %."),
        what=line("What earns it.", 300),
        bonus=flag("Above the 100 %.", default=False),
        note=line("What stands beside it.", 400),
        parts=listed(
            mapping(
                "A way of earning it.",
                ("title", "percent"),
                key=slug("Its name."),
                title=line("As the source writes it."),
                percent=percent("In % of the grade."),
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
