"""Reports with words in them, handed in, and notes in these."""

from uuid import uuid4

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from grading.handing_in.piece_reading import read_file
from grading.models.owners import Owner
from grading.parts import part_of
from grading.services.annotations import annotation_add
from grading.services.pieces import piece_put
from tests.grading.handing_in.parts import REPORT
from tests.people import FakeUpload, hand_in, onnx_like

LINES = (
    "What quantization cost a hand-sign classifier",
    "Ruth, Daniel and Sofia, ruth@example.edu",
    "Set-up",
    "We classify ten static hand signs from 160x160 pictures with a network of three dense",
    "convolutions and six depthwise-separable blocks, 343000 parameters and 476 million MACs.",
    "Discussion",
    "Training with quantization wins back 1.5 points, nearly all of them on I and Y.",
)
MANY = REPORT | {"pages": 40}
BOX = [0.1, 0.2, 0.6, 0.22]


def written_pdf(folder, lines=LINES, pages=1, name="ruth-report.pdf"):
    path = folder / f"{uuid4().hex}.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    canvas.setAuthor("Ruth")
    for page in range(pages):
        for n, line in enumerate(lines if page == 0 else [f"Page {page + 1} of the report"]):
            canvas.setFont("Helvetica", 12)
            canvas.drawString(72, 770 - 22 * n, line)
        canvas.showPage()
    canvas.save()
    return FakeUpload(name, path)


def report_of(cast, person, folder, team=None, lab=None, upload=None, is_handed_in=True, **pdf):
    """A report that lies on the desk of a person or a team, and is handed in with a model."""
    lab = lab or cast.lab
    lab.parts, lab.is_individual = [MANY], team is None
    lab.save()
    lab = type(lab).objects.get(pk=lab.pk)
    part = part_of(MANY)
    content = read_file(lab, part, upload or written_pdf(folder, **pdf))
    piece = piece_put(owner=Owner(person, team), assignment=lab, part=part, content=content)[0]
    if is_handed_in:
        submission = hand_in(cast, person, onnx_like(folder), lab=lab)
        submission.counts = submission.is_active = True
        submission.save()
    return piece


def note_in(cast, piece, text="State the interval.", by=None, **more):
    facts = {
        "page": 1,
        "kind": "highlight",
        "boxes": [BOX],
        "quote": "wins back 1.5 points",
        "entry_key": uuid4(),
    } | more
    return annotation_add(visit=cast.visit(by or cast.amit), piece=piece, text=text, **facts)[0]
