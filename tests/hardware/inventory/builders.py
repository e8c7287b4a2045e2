"""A stockroom of the cast's course with a few things in it."""

import struct
import zlib
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.cases import case_open
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.imports import stock_import_create
from hardware.inventory.services.items import items_add
from hardware.inventory.services.kits import Part, kit_add
from hardware.inventory.services.loan_photos import loan_photo_add
from hardware.inventory.services.loans import loan_hand_over, pieces_take_back
from hardware.inventory.services.products import count_record, product_add, product_picture_set
from hardware.inventory.services.reservations import reservation_make
from hardware.inventory.services.stockrooms import stockroom_create
from hardware.inventory.services.takes import take_begin
from hardware.inventory.services.taking_back import Back
from hardware.models import Kit, Stockroom

BASE = "/courses/odml/hardware/"


def stockroom_of(cast):
    return Stockroom.objects.filter(slug="odml").first() or stockroom_create(
        visit=cast.visit(cast.helen), slug="odml", name="11-767 hardware"
    )


def product_of(cast, name="Raspberry Pi 4, 8 GB", **values):
    stockroom_of(cast)
    return product_add(visit=cast.visit(cast.helen), values={"kind": "board", "name": name} | values)


def items_of(cast, product, *tags, serials=(), **values):
    return items_add(visit=cast.visit(cast.helen), product=product, tags=tags, serials=serials, values=values)


def parts_of(*parts):
    """Parts of one kit: tags of items, products, or (product, count)."""
    pairs = [one if isinstance(one, str | tuple) else (one, 1) for one in parts]
    return [Part(tags=(one,)) if isinstance(one, str) else Part(product=one[0].pk, count=one[1]) for one in pairs]


def kit_of(cast, tag, *parts, name="Vision kit", note=""):
    return kit_add(visit=cast.visit(cast.helen), tag=tag, name=name, note=note, parts=parts_of(*parts))


def cables_of(cast, number=12, **values):
    product = product_of(cast, "USB-C cable", **({"kind": "cable", "is_counted": True, "low_at": 4} | values))
    if number:
        count(cast, product, "bought", number)
    return product


def count(cast, product, act, number, key=None, note=""):
    return count_record(visit=cast.visit(cast.helen), product=product, act=act, number=number, note=note, key=key or uuid4())  # fmt: skip


def stock_objects(cast):
    """What addresses of the stock name, for the test of access."""
    product = product_of(cast)
    items_of(cast, product, "PI-01")
    product_picture_set(visit=cast.visit(cast.helen), product=product, name="a.png", content=png())
    made = stock_import_create(visit=cast.visit(cast.helen), data=b"product,kind,tag\nCamera,camera,CM-01\n")
    loan = hand_over(cast, items_of(cast, product, "PI-02")[0])
    case = case_open(
        visit=cast.visit(cast.amit), item=loan.pieces.get().item, what="does not boot", photos=[("a.png", png())]
    )
    found = {"<slug:stockroom>": "odml", "<slug:tag>": "PI-01", "<int:product>": str(product.pk), "<int:stock_import>": str(made.pk)}  # fmt: skip
    photo = loan_photo_add(visit=cast.visit(cast.amit), loan=loan, way="out", content=png())
    found |= {"<int:loan>": str(loan.pk), "<int:loan_photo>": str(photo.pk)}
    found |= {"<int:case>": str(case.pk), "<int:case_photo>": str(case.photos.get().pk)}
    found["<int:take>"] = str(take_begin(visit=cast.visit(cast.amit)).pk)
    items_of(cast, product, "PI-03")
    kit_of(cast, "KIT-01", "PI-03")
    found["<slug:kit>"] = "KIT-01"
    found["<int:reservation>"] = str(reservation_of(cast, product).pk)
    return found


def reservation_of(cast, product):
    """One that Ruth asked for, of a further item."""
    items_of(cast, product, "PI-04")
    begins = timezone.now() + timedelta(days=1)
    return reservation_make(
        visit=cast.visit(cast.ruth), borrower=Borrower(cast.course, person=cast.ruth), product=product, from_at=begins, until_at=begins + timedelta(days=3),
    )  # fmt: skip


def png(width=8, height=8):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\x00" + b"\x40\x80\xc0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def hand_over(cast, *things, key=None, by=None, **values):
    """Items, kits, and (product, number) to Ruth, where nobody else is named."""
    hands = [_hand(one) for one in things]
    who = {} if {"person", "team"} & set(values) else {"person": cast.ruth}
    return loan_hand_over(visit=cast.visit(by or cast.amit), pieces=hands, key=key or uuid4(), **(who | values))


def _hand(thing):
    if isinstance(thing, Hand):
        return thing
    if isinstance(thing, tuple):
        return Hand(product=thing[0], count=thing[1])
    return Hand(kit=thing) if isinstance(thing, Kit) else Hand(item=thing)


def take_back(cast, *things, key=None, by=None, **values):
    backs = [one if isinstance(one, Back) else Back(item=one) for one in things]
    return pieces_take_back(visit=cast.visit(by or cast.amit), pieces=backs, key=key or uuid4(), **values)
