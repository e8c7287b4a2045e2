"""The demo's stock: what 11-767 lends to thirty teams, by the boards and sensors that its pages name. Tags, numbers and losses are invented."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from hardware import demo_lending, demo_runners_past
from hardware.inventory.ledger import last_event
from hardware.inventory.services.cases import case_move, case_open
from hardware.inventory.services.items import item_change, items_add
from hardware.inventory.services.products import count_record, product_add
from hardware.inventory.services.stockrooms import stockroom_create
from hardware.inventory.stock.rules import tags_of
from hardware.models import CaseStatus, DamageCase, Item, StockEvent, Stockroom

# kind, name, maker, device profile, tags, what one is worth in USD, place
TAGGED = (
    ("board", "Raspberry Pi 4, 8 GB", "Raspberry Pi", "rpi-4-8gb", "PI-[01-26]", "75", "Shelf A"),
    ("board", "Jetson Nano, 4 GB", "NVIDIA", "jetson-nano-4gb", "JN-[01-10]", "149", "Shelf B"),
    ("board", "Jetson Nano, 2 GB", "NVIDIA", "jetson-nano-2gb", "JT-[01-04]", "59", "Shelf B"),
    ("board", "Raspberry Pi Zero W", "Raspberry Pi", "rpi-zero-w", "PZ-[01-08]", "15", "Shelf A"),
    ("board", "Google Coral Dev Board, 4 GB", "Google", "coral-dev-4gb", "GC-[01-05]", "170", "Shelf B"),
    ("camera", "Camera", "", "", "CM-[01-24]", "25", "Drawer 1"),
    ("microphone", "USB microphone", "", "", "MC-[01-20]", "12", "Drawer 1"),
    ("lcd", "LCD display", "", "", "LC-[01-12]", "30", "Drawer 2"),
    ("robot", "Robot arm", "", "", "RA-[01-03]", "220", "Cupboard"),
    ("usb_meter", "USB power meter", "", "", "UM-[01-18]", "20", "Drawer 3"),
    ("wall_meter", "Wall meter", "", "", "WM-[01-04]", "24", "Drawer 3"),
)  # fmt: skip
# kind, name, bought, given away, low at
COUNTED = (
    ("sd_card", "SD card, 32 GB", 64, 47, 8),
    ("power_supply", "USB-C power supply, 15 W", 40, 31, 6),
    ("case", "Case for a Raspberry Pi 4", 30, 24, 4),
    ("cable", "USB-C cable", 50, 46, 6),
    ("led_sensor", "LED sensor", 40, 18, 5),
    ("temperature_sensor", "Temperature sensor", 30, 11, 5),
)
REPAIRS = {
    "PI-19": "does not boot since the SD slot was bent",
    "JN-06": "the fan is loud and the board throttles",
    "CM-09": "the ribbon is torn",
    "RA-02": "the second joint slips",
}


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Called once on a fresh course, inside the transaction that makes it."""
    by_name = {address.split("@")[0]: person for address, person in people.items()}
    helen, amit = by_name.get("helen.castell"), by_name.get("amit.rosen")
    if helen is None or amit is None or Stockroom.objects.filter(slug="odml").exists():
        return
    visit, desk = Visit(helen, course, Role.INSTRUCTOR), Visit(amit, course, Role.TA)
    stockroom = stockroom_create(visit=visit, slug="odml", name="11-767 hardware")
    bought_on = (now - timedelta(weeks=14)).date()
    for kind, name, maker, device, pattern, value, place in TAGGED:
        product = product_add(visit=visit, values={"kind": kind, "name": name, "maker": maker, "device": device})
        common = {
            "value": Decimal(value),
            "currency": "USD",
            "place": place,
            "condition": "good",
            "bought_on": bought_on,
        }
        tags = tags_of(pattern)
        serials = [sha256(tag.encode()).hexdigest()[:16] for tag in tags] if kind == "board" else []
        items_add(visit=visit, product=product, tags=tags, serials=serials, values=common)
    for kind, name, bought, given, low_at in COUNTED:
        product = product_add(visit=visit, values={"kind": kind, "name": name, "is_counted": True, "low_at": low_at})
        count_record(visit=visit, product=product, act="bought", number=bought, note="for the term", key=uuid4())
        count_record(visit=desk, product=product, act="given", number=given, note="to the teams", key=uuid4())
    StockEvent._base_manager.filter(stockroom=stockroom).update(at=now - timedelta(weeks=11))
    _stories(desk, now)
    demo_lending.load(course=course, people=people, desk=desk, now=now)
    demo_runners_past.load(course=course, people=people, now=now)


def _stories(desk: Visit, now: datetime) -> None:
    """What has broken since."""
    for number, (tag, why) in enumerate(REPAIRS.items()):
        item = Item.objects.get(stockroom__slug="odml", tag=tag)
        item_change(visit=desk, item=item, values={"condition": "damaged", "why": why}, seen=last_event(item))
        at = now - timedelta(days=3 + 9 * number, hours=number)
        with demo_lending.stamped(at, now):
            case = case_open(visit=desk, item=item, what=why)
            case_move(visit=desk, case=case, to=CaseStatus.IN_REPAIR, why=why)
        DamageCase.objects.filter(pk=case.pk).update(opened_at=at)
        StockEvent._base_manager.filter(item=item, what="condition").update(at=at)
