"""What tests of the desk need: PDFs, and parts that are put there."""

from uuid import uuid4

from pypdf import PdfWriter

from grading.handing_in.piece_reading import read_file, read_text
from grading.models.owners import Owner
from grading.parts import part_of
from grading.services.pieces import piece_put
from tests.people import FakeUpload, hand_in, onnx_like

REPORT = {"key": "report", "kind": "pdf", "title": "Report, one page", "pages": 1}
NOTES = {"key": "notes", "kind": "text", "title": "Notes"}


def pdf_file(folder, pages=1, name="report.pdf", **encrypt):
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    writer.add_metadata({"/Subject": uuid4().hex})  # two of them differ
    if encrypt:
        writer.encrypt(**encrypt)
    path = folder / f"{uuid4().hex}.pdf"
    writer.write(path)
    return FakeUpload(name, path)


def put_report(person, lab, folder, team=None, raw=REPORT, **more):
    part = part_of(raw)
    content = read_file(lab, part, pdf_file(folder))
    return piece_put(owner=Owner(person, team), assignment=lab, part=part, content=content, **more)[0]


def put_text(person, lab, text, team=None, raw=NOTES, **more):
    part = part_of(raw)
    return piece_put(owner=Owner(person, team), assignment=lab, part=part, content=read_text(part, text), **more)[0]


def piece_of(cast, person, folder):
    """A report of this person, handed in at the lab of the cast, which takes notes as well."""
    cast.lab.parts = [REPORT, NOTES]
    cast.lab.save()
    lab = type(cast.lab).objects.get(pk=cast.lab.pk)
    piece = put_report(person, lab, folder)
    hand_in(cast, person, onnx_like(folder), lab=lab)
    return piece
