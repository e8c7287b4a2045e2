"""What a course owns and lends: stockrooms, products, items with a tag, and the history of all of them.

A product is one line of the catalogue ("Raspberry Pi 4, 8 GB"). What carries a tag is an item of it; what is only counted (cables,
cards) has no items, and its stock is the sum of its events.
"""

from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.fields import OrderedJSONField
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course


class Stockroom(models.Model):
    """Where things are kept. It outlives a term: each course that lends from it is a StockroomCourse."""

    slug = models.SlugField(max_length=24, unique=True, help_text="stands in the address on every label")
    name = models.CharField(max_length=80)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class StockroomCourse(models.Model):
    """A course lends from one stockroom; its instructors manage it, its TAs run the desk."""

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="courses")
    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="stockroom_link")
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.course.slug} lends from {self.stockroom.slug}"


class Kind(models.TextChoices):
    """What a product is. The order is that of the page."""

    BOARD = "board", "Board"
    ACCELERATOR = "accelerator", "Accelerator"
    CAMERA = "camera", "Camera"
    MICROPHONE = "microphone", "Microphone"
    LCD = "lcd", "LCD display"
    ROBOT = "robot", "Robot"
    LED_SENSOR = "led_sensor", "LED sensor"
    TEMPERATURE_SENSOR = "temperature_sensor", "Temperature sensor"
    USB_METER = "usb_meter", "USB multimeter"
    WALL_METER = "wall_meter", "Wall meter"
    SD_CARD = "sd_card", "SD card"
    POWER_SUPPLY = "power_supply", "Power supply"
    CASE = "case", "Case"
    CABLE = "cable", "Cable"
    OTHER = "other", "Other"


def picture_path(product: "Product", name: str) -> str:
    """A name of ours: that of the sender says nothing about what is in the file."""
    return str(Path("stock") / str(product.stockroom_id) / uuid4().hex)


class Product(models.Model):
    """One line of the catalogue. is_archived: it is offered no more; its items, loans and history stay.

    device: slug of the device profile that a board is predicted with. is_counted: it has no items, only a number. low_at: with so many
    left, or fewer, the page says so.
    """

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="products")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.OTHER)
    name = models.CharField(max_length=80)
    maker = models.CharField(max_length=80, blank=True)
    sheet_url = models.URLField(max_length=300, blank=True)
    device = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=500, blank=True)
    is_counted = models.BooleanField(default=False)
    low_at = models.PositiveIntegerField(null=True, blank=True)
    is_archived = models.BooleanField(default=False)
    picture = models.FileField(upload_to=picture_path, max_length=200, blank=True)
    picture_type = models.CharField(max_length=20, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), "stockroom", name="product_name_in_stockroom"),
        ]

    def __str__(self) -> str:
        return self.name


class Condition(models.TextChoices):
    NEW = "new", "New"
    GOOD = "good", "Good"
    WORN = "worn", "Worn"
    DAMAGED = "damaged", "Damaged"


class Item(models.Model):
    """One thing with a tag. Tags are written in capitals, so that `pi-07` and `PI-07` are one.

    `status` says whether it is in circulation; who has it is said by loans, apart from this.
    """

    class Status(models.TextChoices):
        IN_SERVICE = "in_service", "In service"
        IN_REPAIR = "in_repair", "In repair"
        LOST = "lost", "Lost"
        RETIRED = "retired", "Retired"

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="items")
    tag = models.CharField(max_length=24)
    serial = models.CharField(max_length=64, blank=True)
    place = models.CharField(max_length=80, blank=True)
    condition = models.CharField(max_length=8, choices=Condition.choices, default=Condition.GOOD)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.IN_SERVICE)
    value = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    bought_on = models.DateField(null=True, blank=True)
    warranty_until = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("tag",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stockroom", "tag"], name="tag_in_stockroom"),
            models.UniqueConstraint(Lower("serial"), "product", condition=~Q(serial=""), name="serial_of_product"),
        ]

    def __str__(self) -> str:
        return self.tag


ITEM_MOVES: Moves = {
    Item.Status.IN_SERVICE: frozenset({Item.Status.IN_REPAIR, Item.Status.LOST, Item.Status.RETIRED}),
    Item.Status.IN_REPAIR: frozenset({Item.Status.IN_SERVICE, Item.Status.LOST, Item.Status.RETIRED}),
    Item.Status.LOST: frozenset({Item.Status.IN_SERVICE, Item.Status.IN_REPAIR, Item.Status.RETIRED}),
    Item.Status.RETIRED: frozenset({Item.Status.IN_SERVICE, Item.Status.IN_REPAIR}),
}


class StockEvent(AppendOnly):
    """One change of one value of an item or a product: who, when, what, before, after. Written in the transaction of the change.

    what: `added`, `status`, `count`, or the name of a field. change: for `count`, by how many; the stock of a counted product is their
    sum. key: of the form that was sent, so that a form sent twice counts once. `by` is text: history outlives accounts.
    """

    kept = "What was done to the stock"

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="events")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="events")
    item = models.ForeignKey(Item, null=True, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)
    what = models.CharField(max_length=24)
    before = models.CharField(max_length=600, blank=True)
    after = models.CharField(max_length=600, blank=True)
    why = models.CharField(max_length=300, blank=True)
    change = models.IntegerField(null=True)
    key = models.UUIDField(null=True, unique=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.what}: {self.before} to {self.after}"


class StockImport(models.Model):
    """A file of the stock between its preview and its application. `rows` holds StockRow; the file itself is not kept."""

    class Status(models.TextChoices):
        PREVIEWED = "previewed", "Looked at"
        APPLIED = "applied", "Applied"

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="imports")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="stock_imports")  # fmt: skip
    made_at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PREVIEWED)
    found = OrderedJSONField(default=dict)
    rows = OrderedJSONField(default=list)
    result = OrderedJSONField(default=dict)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.file_name or 'pasted rows'} of {self.made_at:%Y-%m-%d}"


IMPORT_MOVES: Moves = {StockImport.Status.PREVIEWED: frozenset({StockImport.Status.APPLIED})}


class StockImportMove(MoveRow):
    subject = models.ForeignKey(StockImport, on_delete=models.CASCADE, related_name="moves")
