"""What rooms say of themselves: which of their pages show or export personal data, whose it is, and which of their rows are changes.

One table for all rooms; audit knows none of them. A page that is not in it is recorded nowhere, so tests/courseplatform/audit/
test_routes.py walks every page of the staff, and asks for each either a line here or a reason there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from courseplatform.audit.models import Act
from courseplatform.courses.models import Course


@dataclass(frozen=True)
class Read:
    """A page, by the name of its address, whose answer to the staff is recorded.

    what: the object in words; `{assignment}` is what stands in the address. method: of the request that shows it. by_anybody: recorded
    also where no course is visited, whoever asks.
    """

    route: str
    what: str
    act: Act = Act.SAW
    method: str = "GET"
    by_anybody: bool = False


@dataclass(frozen=True)
class AuditSource:
    """Rows that tell changes already, in a table of another room. They are not copied: the page reads them where they are.

    rows: of a course, with what `line` needs. at, actor: columns. about: the column that points to the person whom it was about, or "".
    searched: columns in which words are looked for. line: the object in words, and where it stands ("" for nowhere).
    nameless: keys in `nameless_by` of a course whose rows do not tell now about whom they are, nor where: another page says that those
    works have no names.
    """

    name: str
    act: Act
    rows: Callable[[Course], "QuerySet[Any]"]
    line: Callable[[Any], tuple[str, str]]
    at: str = "at"
    actor: str = "by"
    about: str = ""
    searched: tuple[str, ...] = ()
    nameless: Callable[[Course], frozenset[int]] | None = None
    nameless_by: str = "assignment_id"


# (what stands in the address) -> one row with the key of the person whose it is.
Whose = Callable[[Any], "QuerySet[Any, Any]"]


@dataclass
class Registry:
    reads: dict[str, Read] = field(default_factory=dict)
    whose: dict[str, Whose] = field(default_factory=dict)
    sources: dict[str, AuditSource] = field(default_factory=dict)

    def add_reads(self, *reads: Read) -> None:
        self.reads |= {read.route: read for read in reads}

    def add_whose(self, part: str, whose: Whose) -> None:
        """part: the name that an address gives to such a thing, `enrolment` of `<int:enrolment>`."""
        self.whose[part] = whose

    def add_audit_source(self, source: AuditSource) -> None:
        self.sources[source.name] = source

    def whose_data(self, parts: Mapping[str, Any]) -> "QuerySet[Any, Any] | None":
        return next((self.whose[part](value) for part, value in parts.items() if part in self.whose), None)


audit = Registry()
