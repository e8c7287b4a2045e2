"""Which columns of a file are read: an allow-list. Of every other column only the name in the header is ever looked at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# What a column is for, in the order in which the page lists it, with the words people know it by.
FIELDS = {
    "email": "e-mail address", "sis_id": "student ID", "login": "login", "canvas_id": "Canvas ID", "name": "name",
    "last": "last name", "first": "first name", "preferred": "preferred name", "section": "section", "lecture": "lecture",
    "status": "enrolment status",
}  # fmt: skip
# Letters and digits only, so that `E-mail Address`, `email_address` and `EMAIL ADDRESS` are one.
SYNONYMS = {
    "email": "email emailaddress mail emailid studentemail primaryemail preferredemail campusemail universityemail "
             "officialemail schoolemail emailpreferred mitemail uwemail useremail",
    "sis_id": "sisuserid studentid studentidnumber studentnumber studentno emplid universityid universityidnumber campusid "
              "mitid mitidnumber personid personnumber matriculationnumber matriculation matrnr uin sid idnumber uid perm registrarid",
    "login": "sisloginid andrewid andrew loginid login username netid kerberos kerberosid kerberosname krbname userid uniqname "
             "directoryid computingid unityid",
    "name": "student name studentname fullname displayname sortablename learner participant",
    "last": "lastname familyname surname last lastnames studentlastname legallastname",
    "first": "firstname givenname givennames first forename firstmiddlename studentfirstname legalfirstname firstandmiddlename",
    "preferred": "preferredfirstname preferredname preferredfirst nickname chosenname",
    "section": "section sections sectionname classsection sec lab labsection recitation recitationsection discussion discussionsection "
               "tutorial sectionid",
    "lecture": "lecture lec lecturesection",
    "status": "enrollmentstatus enrolmentstatus status registrationstatus regstatus enrollstatus",
}  # fmt: skip
BY_NAME = {name: field for field, names in SYNONYMS.items() for name in names.split()}
BY_NAME |= {"preferredfirstname": "preferred", "canvasid": "canvas_id", "canvasuserid": "canvas_id"}
IDENTITY = ("email", "sis_id", "login", "canvas_id")
LONGEST_NAME = 60


@dataclass(frozen=True)
class Columns:
    """at: field -> place of its column. used: (column, what it is for). unread: names of the columns that were not read."""

    system: str
    at: dict[str, int]
    used: list[tuple[str, str]]
    unread: list[str]
    width: int


def plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold().replace("(required)", ""))


def score(cells: Sequence[str]) -> int:
    """How many cells are names of columns of a roster."""
    return sum(plain(cell) in BY_NAME or plain(cell) == "id" for cell in cells)


def recognise(header: Sequence[str]) -> Columns:
    """Give each column of the allow-list its place; the first of two columns for one thing wins."""
    names = [plain(cell) for cell in header]
    system = _system(names)
    at: dict[str, int] = {}
    for place, name in enumerate(names):
        field = _field(name, names, system)
        if field and field not in at:
            at[field] = place
    used = [(_shown(header[at[field]]), words) for field, words in FIELDS.items() if field in at]
    unread = [_shown(cell) for place, cell in enumerate(header) if cell.strip() and place not in at.values()]
    return Columns(system, at, used, unread, len(header))


def _field(name: str, names: list[str], system: str) -> str:
    if name == "id":
        return "canvas_id" if system == CANVAS else "sis_id"
    if (
        name in ("preferredfirstname", "preferredname")
        and "firstname" not in names
        and "last" in map(BY_NAME.get, names)
    ):
        return "first"  # CMU's `Preferred/First Name` is the only first name there
    return BY_NAME.get(name, "")


CANVAS, CMU, MIT, PEOPLESOFT = "Canvas gradebook", "CMU S3 class roster", "MIT class list", "PeopleSoft class roster"


def _system(names: list[str]) -> str:
    found = set(names)
    if "id" in found and (found & {"sisuserid", "sisloginid", "rootaccount", "integrationid"} or names[0] == "student"):
        return CANVAS
    if "andrewid" in found:
        return CMU
    if "emplid" in found:
        return PEOPLESOFT
    return MIT if found & {"mitid", "kerberos", "kerberosname", "krbname"} else "table with a header row"


def _shown(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
