"""Files of Canvas's gradebook in every shape that it writes, and what spreadsheets make of them."""

from grading.services.canvas_files import canvas_file_take

HEX = "3f9c" * 10
HEADER = [
    "Student",
    "ID",
    "SIS User ID",
    "SIS Login ID",
    "Section",
    "Notes",
    "Lab 1 (123456)",
    "Lab 1 (v2) (123457)",
    "Current Score",
    "Final Score",
]
POSTING = ["", "", "", "", "", "", "Manual Posting", "", "", ""]
POINTS = ["    Points Possible", "", "", "", "", "", "10.00", "5.00", "(read only)", "(read only)"]
RUTH = ["Adeyemi, Ruth", "901", "00123", "radeyemi", "11-767-A and 11-767-L", "", "4.44", "", "44.40", "29.60"]
DANIEL = ["Park, Daniel", "902", "00124", "dpark", "11-767-A", "asked for a note", "", "EX", "", ""]
SOFIA = ["Lindgren, Sofia", "903", "00125", "slindgren", "11-767-A", "", "N/A", "2.00", "", ""]
TEST = ["Student, Test", "999", "", HEX, "11-767-A", "", "", "", "", ""]
ROWS = [HEADER, POSTING, POINTS, RUTH, DANIEL, SOFIA, TEST]


def written(
    rows=ROWS, *, sign=",", end="\r\n", mark=b"", codec="utf-8", quote_all=False, head="", last=True, decimal="."
):
    """The bytes of a file."""

    def cell(text):
        if decimal == "," and text.replace(".", "").isdigit() and text.count(".") == 1:
            text = text.replace(".", ",")
        needs = quote_all or any(one in text for one in (sign, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if needs else text

    lines = [sign.join(cell(one) for one in row) for row in rows]
    return mark + (head + end.join(lines) + (end if last else "")).encode(codec)


def without(rows, *names):
    """The file without these columns."""
    keep = [n for n, name in enumerate(rows[0]) if name not in names]
    return [[row[n] for n in keep] for row in rows]


def with_column(rows, at, name, *cells):
    filled = [name, *cells, *[""] * (len(rows) - 1 - len(cells))]
    return [[*row[:at], filled[n], *row[at:]] for n, row in enumerate(rows)]


def two_names(rows):
    """LastName, FirstName in place of Student."""
    found = [["LastName", "FirstName", *rows[0][1:]]]
    for row in rows[1:]:
        last, _, first = row[0].partition(", ")
        found.append([last, first, *row[1:]])
    return found


# Every shape of shared/research/export-formats.md: name -> the bytes.
SHAPES = {
    "as it is": written(),
    "with a byte order mark": written(mark=b"\xef\xbb\xbf"),
    "semicolons": written(sign=";"),
    "semicolons and decimal commas": written(sign=";", decimal=","),
    "decimal commas between commas": written(decimal=","),
    "line ends of Unix": written(end="\n"),
    "no end of the last line": written(last=False),
    "every cell in quotation marks": written(quote_all=True),
    "without SIS columns": written(without(ROWS, "SIS User ID", "SIS Login ID")),
    "with an integration id": written(with_column(ROWS, 4, "Integration ID", "", "", "x1", "x2", "x3")),
    "with a root account": written(with_column(ROWS, 4, "Root Account", "", "", "cmu.edu", "cmu.edu", "cmu.edu")),
    "last and first name": written(two_names(ROWS)),
    "without a posting row": written([ROWS[0], *ROWS[2:]]),
    "an older posting row": written([HEADER, ["", "", "", "", "", "", "Muted", "Muted (2)", "", ""], *ROWS[2:]]),
    "translated": written([HEADER, POSTING, ["Erreichbare Punkte", *POINTS[1:8], "(schreibgeschützt)", "(schreibgeschützt)"], *ROWS[3:]]),
    "without the test student": written(ROWS[:-1]),
    "UTF-16 of a spreadsheet": written(sign="\t", codec="utf-16-le", mark=b"\xff\xfe"),
    "Windows-1252": written([*ROWS[:3], ["Müller, Jürgen", *RUTH[1:]], *ROWS[4:]], codec="cp1252"),
    "a line that names the delimiter": written(sign=";", head="sep=;\r\n"),
    "a line break inside a note": written([*ROWS[:4], [*DANIEL[:5], "two\nlines", *DANIEL[6:]], *ROWS[5:]]),
    "a blank line in the middle": written([*ROWS[:4], [""] * 10, *ROWS[4:]]),
    "totals with a grading period": written([[*HEADER[:8], "Current Score (2023)", "Override Score"], *ROWS[1:2], [*POINTS[:8], "(read only)", ""], *ROWS[3:]]),
}  # fmt: skip


def canvas_file_of(cast):
    """A file that Helen has uploaded."""
    return canvas_file_take(visit=cast.visit(cast.helen), data=written(), file_name="grades.csv", chosen={})
