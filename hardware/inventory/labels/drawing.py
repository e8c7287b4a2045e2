"""Labels as a PDF: the address of the item as QR code, its tag in words and as Code 128, what it is and whose.

A phone's own camera opens the address; a hand scanner types the tag. The standard fonts of PDF hold Latin letters only, and a tag is ASCII.
"""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import segno
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from hardware.inventory.labels.sheets import Sheet

PADDING_MM, GAP_MM = 2.5, 2.0
QUIET_MODULES = 4  # white around a QR code, by ISO/IEC 18004
LARGEST_QR_MM = 30.0
FINEST_BAR_MM, WIDEST_BAR_MM = 0.19, 0.33  # what hand scanners and printers of 300 dpi still keep apart
BAR_QUIET = 10  # bars of white at both ends of a Code 128
BOLD, PLAIN = "Helvetica-Bold", "Helvetica"


@dataclass(frozen=True)
class Label:
    """tag: at most 24 characters of ASCII. address: what the QR code holds."""

    tag: str
    address: str
    product: str
    owner: str


def pdf_of(labels: Sequence[Label], sheet: Sheet, start: int = 1) -> bytes:
    """A PDF with the labels in their order, the first at place `start`, counted from 1 along the rows."""
    file = io.BytesIO()
    width, height = (side * mm for side in sheet.page_mm)
    canvas = Canvas(file, pagesize=(width, height), pageCompression=1, invariant=1)
    canvas.setTitle(f"Labels {labels[0].tag} to {labels[-1].tag}" if labels else "Labels")
    for number, label in enumerate(labels, start - 1):
        place = number % sheet.places
        if place == 0 and number > start - 1:
            canvas.showPage()
        left, top = sheet.corner(place)
        _draw(canvas, label, left * mm, height - (top + sheet.label_mm[1]) * mm, sheet)
    canvas.save()
    return file.getvalue()


def bar_mm(tag: str, room_mm: float) -> float:
    """The width of one bar of a Code 128 that fills the room with its quiet zones; 0 where it would be too fine to read."""
    bars = Code128(tag, barWidth=1, quiet=0).width + 2 * BAR_QUIET
    width = min(room_mm / bars, WIDEST_BAR_MM)
    return width if width >= FINEST_BAR_MM else 0.0


def _draw(canvas: Canvas, label: Label, x: float, y: float, sheet: Sheet) -> None:
    """x, y: the lower left corner in points."""
    wide, high = sheet.label_mm
    side = min(high - 2 * PADDING_MM, LARGEST_QR_MM)
    _qr(canvas, label.address, x + PADDING_MM * mm, y + (high - side) / 2 * mm, side * mm)
    left, room_mm = x + (PADDING_MM + side + GAP_MM) * mm, wide - 2 * PADDING_MM - side - GAP_MM
    bar, is_small = bar_mm(label.tag, room_mm), high < 24
    top = y + (high - PADDING_MM) * mm
    size = _fitting(label.tag, BOLD, room_mm * mm, 10 if is_small else 16)
    canvas.setFont(BOLD, size)
    canvas.drawString(left, top - size * 0.8, label.tag)
    _line(canvas, label.product, left, top - size - 5.5, room_mm * mm, 5.5 if is_small else 7)
    _line(canvas, label.owner, left, y + PADDING_MM * mm, room_mm * mm, 5.5 if is_small else 6.5)
    if bar:
        bars_high = max(min(9.0, high - 2 * PADDING_MM - 14), 5.0) * mm
        code = Code128(label.tag, barWidth=bar * mm, barHeight=bars_high, quiet=0)
        code.drawOn(canvas, left + BAR_QUIET * bar * mm, y + (PADDING_MM + 3.5) * mm)


def _qr(canvas: Canvas, address: str, x: float, y: float, side: float) -> None:
    """With its quiet zone inside the square, so that labels which touch do not disturb each other."""
    rows = segno.make(address, error="m", micro=False).matrix
    one = side / (len(rows) + 2 * QUIET_MODULES)
    path = canvas.beginPath()
    for row, cells in enumerate(rows):
        start = None
        for column, is_dark in enumerate([*cells, 0]):
            if is_dark and start is None:
                start = column
            elif not is_dark and start is not None:
                path.rect(
                    x + (QUIET_MODULES + start) * one,
                    y + side - (QUIET_MODULES + row + 1) * one,
                    (column - start) * one,
                    one,
                )
                start = None
    canvas.drawPath(path, stroke=0, fill=1)


def _fitting(text: str, font: str, room: float, size: float) -> float:
    return min(size, size * room / max(float(stringWidth(text, font, size)), 1.0))


def _line(canvas: Canvas, text: str, x: float, y: float, room: float, size: float) -> None:
    """One line in the room there is; its end is cut off where it is too long."""
    plain = printable(text)
    while plain and stringWidth(plain, PLAIN, size) > room:
        plain = plain[:-1].rstrip()
    canvas.setFont(PLAIN, size)
    canvas.drawString(x, y, plain)


def printable(text: str) -> str:
    """What the standard fonts of PDF can write: a letter that they lack loses its marks, or is left out."""
    return "".join(_plain(letter) for letter in text).strip()


def _plain(letter: str) -> str:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return unicodedata.normalize("NFKD", letter).encode("cp1252", "ignore").decode("cp1252")
    return letter
