"""The parts of a course file that pages show and nothing searches: their schemas, in the order in which an export writes them."""

from courseplatform.courses.course_file.rules import RULES
from courseplatform.courses.course_file.words import (
    WEEKDAYS,
    Schema,
    choice,
    clock,
    count,
    day,
    flag,
    line,
    link,
    listed,
    mapping,
    number,
    prose,
    slug,
)

# How hours on a charge are counted; docs/measurement.md says what each means.
CONVENTIONS = ("nominal_current", "wall", "load", "load_minus_idle")
CLASS_NUMBER = mapping(
    "One number of a class.",
    ("number",),
    number=line("The number in use: 6.3900.", 20),
    former=line("The number before: 6.036.", 20),
)
OUTLINE: Schema = listed(
    {
        "anyOf": [
            line("A point.", 300),
            mapping(
                "A point with points below it.",
                ("title", "points"),
                title=line("The point.", 300),
                points=listed(
                    {
                        "anyOf": [
                            line("A point.", 300),
                            mapping(
                                "A point with points below it.",
                                ("title", "points"),
                                title=line("The point.", 300),
                                points=listed(line("A point.", 300), "The points below it."),
                            ),
                        ]
                    },
                    "The points below it.",
                ),
            ),
        ]
    },
    "Topics and subtopics, kept apart from the title.",
)
# Text where the source states a name alone. Both kinds in one schema, not `anyOf`: so a fault is told at its key, and days move.
STAGE: Schema = {
    **line("The name of a stage, where the source states no more."),
    **mapping(
        "A stage of the project, or its name alone.",
        ("key", "title"),
        key=slug("Its name in addresses; readings are kept by their time, so it may change."),
        title=line("Inference.", 80),
        from_=day("Its first day; from and until go together."),
        until=day("Its last day, which still counts."),
        budget_mah=number(
            "What a team may use in it, in mAh; left out: one charge, `budget.capacity_mah`.", 0.001, 10_000_000
        ),
        assignment=slug("The assignment that is handed in at its end."),
    ),
    "type": ["string", "object"],
}
# What the real files need beside the demo course's is said in docs/course-file.md, key by key.
FACTS: dict[str, Schema] = {
    "meetings": listed(
        mapping(
            "A regular hour.",
            days=listed(choice("The day.", *WEEKDAYS), "The days.", 7),
            from_=clock("Begin."),
            to=clock("End."),
            place=line("The room.", 80),
            note=line("What stands beside it."),
        ),
        "When the class meets, as fields.",
    ),
    "communication": listed(
        mapping(
            "A place where the course talks.",
            ("what", "where"),
            what=line("Discussion."),
            where=line("Piazza."),
            url=link("Its address."),
            note=line("Who it is for.", 400),
        ),
        "Where one asks, hands in and watches.",
    ),
    "hand_in": mapping(
        "How work is handed in.",
        place=line("Where: Canvas."),
        due_clock=clock("The hour of due dates that name none."),
        note=line("What stands beside it.", 300),
    ),
    "prerequisites": listed(
        mapping(
            "A class one should have had.",
            ("title",),
            title=line("Its title."),
            numbers=listed(CLASS_NUMBER, "Its numbers."),
            or_=listed(
                mapping(
                    "An alternative.",
                    ("title",),
                    title=line("Its title."),
                    numbers=listed(CLASS_NUMBER, "Its numbers."),
                ),
                "Classes that do as well.",
            ),
        ),
        "What one should have had.",
    ),
    "tools": listed(
        mapping(
            "A language or library.",
            ("name",),
            name=line("Its name.", 80),
            url=link("Its address."),
            use=line("What for."),
        ),
        "What one works with.",
    ),
    "materials": listed(
        mapping(
            "A textbook, readings, handouts.",
            ("title",),
            title=line("What it is."),
            text=line("What it consists of.", 400),
            where=line("Where it is found."),
            url=link("Its address."),
        ),
        "Textbook, readings and handouts.",
    ),
    "related_classes": listed(
        mapping("A related class.", ("title",), title=line("Its title."), numbers=listed(CLASS_NUMBER, "Its numbers.")),
        "Related classes.",
    ),
    "links": listed(
        mapping(
            "A resource.",
            ("label",),
            label=line("What it is."),
            url=link("Its address, once there is one."),
            note=line("What stands beside it.", 300),
        ),
        "Resources.",
    ),
    "policies": listed(
        mapping(
            "A policy.",
            ("title",),
            title=line("Its heading."),
            text=prose("What it asks for."),
            items=listed(line("A point.", 400), "Points."),
            help_line=line("A public telephone number.", 40),
        ),
        "Policies, a section each.",
    ),
    **RULES,
    "budget": mapping(
        "The energy budget of a project.",
        capacity_mah=number("One charge, in mAh; left out: 4000."),
        convention=choice("By what hours on a charge are counted; left out: nominal_current.", *CONVENTIONS),
        volts=number("At which the charge is counted, where power decides: 5 or 3.85; left out: 5.", 1, 60),
        grams_co2_per_kwh=number(
            "CO2 of a kilowatt hour of the grid, in grams; left out: 367, the mean of the United States in 2023.",
            0,
            2000,
        ),
        note=line("Where it stands for.", 400),
        hours=listed(
            mapping(
                "How long a board runs on it.",
                ("device", "hours"),
                device=line("The board, as the source writes it."),
                hours=number("Hours."),
            ),
            "How long boards run on it.",
        ),
    ),
    "project": mapping(
        "The course project.",
        stages=listed(STAGE, "Its stages, in order.", 20),
        teams=mapping("How many work together.", least=count("At least.", 1), most=count("At most.", 1)),
        parts=listed(line("A part: proposal, report, presentation."), "What is handed in."),
        choose=listed(line("A way to a project.", 300), "How a team comes to its project."),
        tools=listed(line("A tool.", 80), "Tools one may use."),
        hardware=listed(line("Hardware.", 80), "Hardware that is given out."),
        sensors=listed(line("Sensors.", 80), "Sensors that are given out."),
        note=line("What stands beside it.", 500),
    ),
    "devices": listed(
        mapping(
            "A board.",
            ("name",),
            slug=slug("The profile in hardware/device_profiles that it is measured as."),
            name=line("As the source writes it.", 80),
            memory=listed(line("A size: 512MB.", 20), "The sizes it comes in."),
            lent=flag("Lent to teams; false: only mentioned.", default=True),
            current=listed(
                mapping(
                    "A stated draw.",
                    ("ma", "said"),
                    ma=number("In mA."),
                    said=line("Where it is stated: board table, lecture of Sept 2."),
                ),
                "Its draw, by every source that states one.",
            ),
            note=line("What stands beside it.", 300),
        ),
        "Boards, lent or mentioned.",
    ),
    "peripherals": listed(
        mapping(
            "Something that is plugged in.",
            ("use", "title"),
            use=choice("What for.", "input", "output", "extension"),
            title=line("For what: Speech Recognition."),
            with_=listed(line("The part: Microphone."), "The parts."),
        ),
        "Inputs, outputs and extensions.",
    ),
    "example_projects": listed(
        mapping(
            "An example.",
            ("input", "output", "task"),
            input=listed(line("An input.", 80), "Its inputs."),
            output=line("Its output.", 80),
            task=line("Its task."),
        ),
        "Example projects.",
    ),
    "pictures": listed(
        mapping("A picture of the source, by its words.", ("text",), text=line("What it shows.", 300)),
        "Pictures of example projects.",
    ),
    "videos": listed(
        mapping(
            "A video of the course.",
            ("title",),
            number=count("The lecture's number."),
            title=line("Its title."),
            url=link("Its address, once there is one."),
            live=flag("Live, not recorded.", default=False),
        ),
        "Course videos.",
    ),
    "findings": listed(
        mapping(
            "A contradiction or a gap of the source.",
            ("code", "text"),
            code={"type": "string", "pattern": "^[a-z._-]+$", "description": "Its name."},
            text=line("What does not fit, in a sentence.", 500),
        ),
        "Contradictions and gaps of the source, kept visible.",
    ),
}
