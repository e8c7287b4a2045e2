"""Sheets of labels as shops sell them. Lengths in millimetres, from the upper left corner of the page; pitch: from one label to the next."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    slug: str
    name: str
    page_mm: tuple[float, float]
    columns: int
    rows: int
    label_mm: tuple[float, float]
    first_mm: tuple[float, float]
    pitch_mm: tuple[float, float]

    @property
    def places(self) -> int:
        return self.columns * self.rows

    def corner(self, place: int) -> tuple[float, float]:
        """Left and top of a place, which are counted from 0 along the rows."""
        row, column = divmod(place, self.columns)
        return self.first_mm[0] + column * self.pitch_mm[0], self.first_mm[1] + row * self.pitch_mm[1]

    def sheets(self, labels: int, start: int) -> int:
        """How many pages so many labels need when the first `start` - 1 places are used up."""
        return -(-(labels + start - 1) // self.places)


A4, LETTER = (210.0, 297.0), (215.9, 279.4)
SHEETS = {
    sheet.slug: sheet
    for sheet in (
        Sheet("a4-3x8", "A4, 3 x 8, 70 x 37 mm (as Avery 3474)", A4, 3, 8, (70.0, 37.0), (0.0, 0.5), (70.0, 37.0)),
        Sheet(
            "a4-3x7", "A4, 3 x 7, 63.5 x 38.1 mm (as Avery L7160)", A4, 3, 7, (63.5, 38.1), (7.2, 15.1), (66.0, 38.1)
        ),
        Sheet(
            "a4-5x13", "A4, 5 x 13, 38.1 x 21.2 mm (as Avery L7651)", A4, 5, 13, (38.1, 21.2), (4.7, 10.7), (40.6, 21.2)
        ),
        Sheet(
            "letter-3x10",
            "Letter, 3 x 10, 66.7 x 25.4 mm (as Avery 5160)",
            LETTER,
            3,
            10,
            (66.7, 25.4),
            (4.8, 12.7),
            (69.8, 25.4),
        ),
    )
}
