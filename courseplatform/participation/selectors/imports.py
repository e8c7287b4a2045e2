"""What staff read while they choose from an export."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import QueryDict

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.participation.imports.export import SKIPPED
from courseplatform.participation.models import Credit, ImportAuthor, ImportBatch, ImportCandidate

PAGE = 100
SHOWN = {
    "open": "to choose from",
    "question": "questions",
    "answer": "answers",
    "counted": "counted already",
    "unmatched": "author not matched",
}


@dataclass(frozen=True)
class CandidateFilter:
    """What of an export is shown; it stands in the URL."""

    show: str = "open"
    find: str = ""
    page: str = "1"

    @classmethod
    def of(cls, query: QueryDict) -> "CandidateFilter":
        show = query.get("show", "")
        return cls(
            show=show if show in SHOWN else "open",
            find=query.get("find", "")[:120].replace("\x00", ""),
            page=query.get("page", "1")[:9],
        )


def imports(visit: Visit) -> list[ImportBatch]:
    return list(ImportBatch.objects.filter(course=visit.course).annotate(left=Count("candidates")))


def import_get(visit: Visit, batch: UUID) -> ImportBatch:
    """Raises NotHere for another course's."""
    found = ImportBatch.objects.filter(course=visit.course, pk=batch).first()
    if found is None:
        raise NotHere("There is no such import in this course.")
    return found


def author_get(batch: ImportBatch, key: str) -> ImportAuthor:
    found = batch.authors.filter(pk=int(key)).first() if key.isascii() and key.isdigit() and len(key) < 18 else None
    if found is None:
        raise NotHere("There is no such author in this import.")
    found.batch = batch
    return found


def candidates(batch: ImportBatch, chosen: CandidateFilter) -> "QuerySet[ImportCandidate]":
    """The filtered candidates, each with `is_counted`: its credit stands, or was taken back."""
    credits_ = Credit.objects.filter(course=batch.course_id, source_key=OuterRef("source_key"))
    found = batch.candidates.annotate(is_counted=Exists(credits_), is_back=Exists(credits_.exclude(withdrawn_at=None)))
    by_show = {
        "open": Q(is_counted=False, author__person__isnull=False),
        "question": Q(is_counted=False, author__person__isnull=False, kind=Credit.Kind.QUESTION),
        "answer": Q(is_counted=False, author__person__isnull=False, kind=Credit.Kind.ANSWER),
        "counted": Q(is_counted=True),
        "unmatched": Q(author__person__isnull=True),
    }
    found = found.filter(by_show[chosen.show])
    for word in chosen.find.split():
        found = found.filter(
            Q(author__person__name__icontains=word)
            | Q(author__name__icontains=word)
            | Q(place__icontains=word)
            | Q(excerpt__icontains=word)
        )
    return found.select_related("author__person").order_by("at", "pk")


def preview(batch: ImportBatch, chosen: CandidateFilter) -> dict[str, Any]:
    page = Paginator(candidates(batch, chosen), PAGE).get_page(chosen.page)
    counts = {key: candidates(batch, CandidateFilter(show=key)).count() for key in SHOWN}
    unmatched = batch.authors.filter(person=None).annotate(wrote=Count("candidates")).order_by("-wrote", "name", "pk")
    by_hand = (
        batch.authors.exclude(matched_by="")
        .filter(person__isnull=False)
        .annotate(wrote=Count("candidates"), to=F("person__name"))
    )
    return {
        "batch": batch,
        "page": page,
        "tabs": [
            {"key": key, "label": label, "count": counts[key], "is_open": key == chosen.show}
            for key, label in SHOWN.items()
        ],
        "chosen": chosen,
        "skipped": [
            {"count": batch.counts[key], "label": words} for key, words in SKIPPED.items() if batch.counts.get(key)
        ],
        "unmatched": list(unmatched[:PAGE]),
        "by_hand": list(by_hand[:PAGE]),
    }
