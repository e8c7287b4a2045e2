"""Labels, read back from the printed picture: every QR code on every sheet leads to its item, and the barcode says the tag."""

import subprocess
from urllib.parse import urlparse

import pytest
import zxingcpp
from PIL import Image

from hardware.inventory.labels.drawing import Label, bar_mm, pdf_of, printable
from hardware.inventory.labels.sheets import SHEETS
from tests.hardware.inventory.builders import BASE, hand_over, items_of, kit_of, product_of

DPI = 300
LONG = "https://milliamp.cs.a-long-university-name.example.edu/t/odml/"


def rendered(pdf, folder):
    """Each page as a grey picture, as a printer of 300 dpi draws it."""
    (folder / "labels.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", str(folder / "labels.pdf"), str(folder / "page")], check=True)
    return [Image.open(path) for path in sorted(folder.glob("page-*.pgm"))]


def read(image, kind):
    return sorted(found.text for found in zxingcpp.read_barcodes(image, formats=kind))


def labels(number, address=LONG, tag="PI-{:02}"):
    return [
        Label(tag.format(n), address + tag.format(n), "Raspberry Pi 4, 8 GB", "11-767 hardware")
        for n in range(1, number + 1)
    ]


@pytest.mark.parametrize("slug", SHEETS)
def test_every_code_of_a_full_sheet_is_read_back_from_the_picture(tmp_path, slug):
    sheet = SHEETS[slug]
    wanted = labels(sheet.places)
    (page,) = rendered(pdf_of(wanted, sheet), tmp_path)
    assert (round(page.width / DPI * 25.4), round(page.height / DPI * 25.4)) == tuple(map(round, sheet.page_mm))
    for place, label in enumerate(wanted):  # each label by itself, as it is cut
        left, top = (side * DPI / 25.4 for side in sheet.corner(place))
        cut = page.crop((left, top, left + sheet.label_mm[0] * DPI / 25.4, top + sheet.label_mm[1] * DPI / 25.4))
        assert read(cut, zxingcpp.BarcodeFormat.QRCode) == [label.address]
        room = sheet.label_mm[0] - 5 - min(sheet.label_mm[1] - 5, 30) - 2
        assert read(cut, zxingcpp.BarcodeFormat.Code128) == ([label.tag] if bar_mm(label.tag, room) else [])


def test_the_usual_sheets_carry_the_barcode_of_a_short_tag(tmp_path):
    for slug in ("a4-3x8", "a4-3x7", "letter-3x10"):
        (page,) = rendered(pdf_of(labels(1), SHEETS[slug]), tmp_path)
        assert read(page, zxingcpp.BarcodeFormat.Code128) == ["PI-01"]


def test_a_sheet_that_has_begun_goes_on_at_its_next_place_and_the_rest_on_another_page(tmp_path):
    sheet = SHEETS["a4-3x8"]
    first, second = rendered(pdf_of(labels(4), sheet, start=23), tmp_path)
    assert read(first, zxingcpp.BarcodeFormat.QRCode) == [f"{LONG}PI-01", f"{LONG}PI-02"]
    assert read(second, zxingcpp.BarcodeFormat.QRCode) == [f"{LONG}PI-03", f"{LONG}PI-04"]
    assert sheet.sheets(4, 23) == 2


def test_a_tag_too_long_for_its_label_gets_no_barcode_that_nobody_could_read(tmp_path):
    tag = "A-VERY-LONG-TAG-OF-24-00"
    assert bar_mm(tag, 36) == 0
    (page,) = rendered(pdf_of([Label(tag, LONG + tag, "x" * 80, "y" * 80)], SHEETS["a4-3x8"]), tmp_path)
    assert read(page, zxingcpp.BarcodeFormat.Code128) == []
    assert read(page, zxingcpp.BarcodeFormat.QRCode) == [LONG + tag]


def test_a_name_in_another_alphabet_breaks_no_label():
    assert printable("Kamera „Süd“") == "Kamera „Süd“"
    assert printable("Šárka, Brno, Řež カメラ") == "Šárka, Brno, Rež"
    assert pdf_of([Label("A", LONG, "カメラ", "Ł")], SHEETS["a4-3x8"]).startswith(b"%PDF")


@pytest.mark.django_db
def test_the_page_gives_the_pdf_or_says_what_is_wrong_with_the_choice(cast, client, tmp_path, settings):
    settings.SITE_URL = "https://milliamp.example.edu"
    items_of(cast, product_of(cast), "PI-01", "PI-02", "PI-03")
    client.force_login(cast.amit)
    pdf = client.get(f"{BASE}labels.pdf?tags=pi-[01-02]&sheet=a4-3x8&start=1")
    assert pdf["Content-Type"] == "application/pdf"
    (page,) = rendered(pdf.content, tmp_path)
    assert read(page, zxingcpp.BarcodeFormat.QRCode) == [f"https://milliamp.example.edu/t/odml/PI-0{n}" for n in (1, 2)]
    for query, said in (
        ("tags=PI-09&sheet=a4-3x8&start=1", "Nothing here has the tag PI-09."),
        ("tags=PI-[2-1]&sheet=a4-3x8&start=1", "runs backwards"),
        ("sheet=a4-3x8&start=25", "This sheet has 24 places."),
        ("sheet=a3&start=1", "Select a valid choice"),
    ):
        refused = client.get(f"{BASE}labels.pdf?{query}")
        assert (refused.status_code, said in refused.content.decode()) == (422, True), query


@pytest.mark.django_db
def test_a_printed_sheet_of_kits_is_scanned_from_its_picture_into_the_desk(cast, client, tmp_path, settings):
    """What QR code and barcode say goes the way of every scan: to the page of the kit, onto the table, and back from its borrower."""
    settings.SITE_URL = "https://milliamp.example.edu"
    pis = items_of(cast, product_of(cast), "PI-01", "PI-02")
    kits = [kit_of(cast, f"KIT-0{n}", pi.tag) for n, pi in enumerate(pis, 1)]
    client.force_login(cast.amit)
    (page,) = rendered(client.get(f"{BASE}labels.pdf?kits=on&sheet=a4-3x8&start=5").content, tmp_path)
    codes = read(page, zxingcpp.BarcodeFormat.QRCode)
    assert codes == [f"https://milliamp.example.edu/t/odml/KIT-0{n}" for n in (1, 2)]
    assert read(page, zxingcpp.BarcodeFormat.Code128) == ["KIT-01", "KIT-02"]
    for kit, code in zip(kits, codes, strict=True):
        for scanned in (code, kit.tag):
            assert client.post(f"{BASE}scan/", {"code": scanned}).headers["Location"] == f"{BASE}kits/{kit.tag}/"
            assert client.get(f"{BASE}desk/", {"code": scanned}).headers["Location"] == f"{BASE}desk/?t={kit.tag}"
        assert client.get(urlparse(code).path).headers["Location"] == f"{BASE}kits/{kit.tag}/"
    hand_over(cast, kits[0])
    assert client.get(f"{BASE}desk/", {"code": codes[0]}).headers["Location"] == f"{BASE}desk/?back=KIT-01"
