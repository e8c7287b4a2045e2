"""What grading lets go of when a person is deleted. What a team handed in stays, for the others have their grades from it."""

from django.utils import timezone

from courseplatform.accounts.erasing import add_eraser, rows_go
from courseplatform.accounts.models import User
from courseplatform.core.gone import BY_REQUEST, files_go
from grading.models.pieces import Piece
from grading.models.submissions import Submission


def register() -> None:
    add_eraser("grading", _erase)
    rows_go("grading.Nickname.person", "grading.Snippet.owner", "grading.ResearchConsent.person")


def _erase(person: User, name: str) -> list[str]:
    now = timezone.now()
    models = list(Submission.objects.filter(person=person, team=None).exclude(model_file=""))
    pieces = list(Piece.objects.filter(person=person, team=None).exclude(file=""))
    files_go(models, "model_file", why=BY_REQUEST, now=now)
    files_go(pieces, "file", why=BY_REQUEST, now=now)
    receipts = Submission.objects.filter(person=person).exclude(signature="").update(signature="")
    said = (
        [f"{len(models) + len(pieces)} files that they handed in by themselves are deleted."]
        if models or pieces
        else []
    )
    said += [f"{receipts} receipts lose their signature, which holds the name."] if receipts else []
    return said + _contributions(person, name)


def _contributions(person: User, name: str) -> list[str]:
    """Who did what in a team: the name stands in the rows."""
    count = 0
    for piece in Piece.objects.filter(kind="contributions", team__memberships__person=person).distinct():
        rows = piece.data.get("rows", [])
        mine = [row for row in rows if row.get("person") == person.pk]
        for row in mine:
            row["name"] = name
        if mine:
            Piece.objects.filter(pk=piece.pk).update(data=piece.data)
            count += 1
    return [f"The name is replaced in {count} lists of who did what."] if count else []
