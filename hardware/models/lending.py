"""Who has what and until when: kits, reservations, bookings, loans.

A booking says that one item is taken for a range of time; reservations and loans both take items through it, so that one exclusion
constraint (PostgreSQL) and one lock (the row of the stockroom) keep anything from being promised twice. A loan says what was really
handed over and what came back, piece by piece.
"""

from datetime import datetime
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.teams.models import Membership, Team
from hardware.models.overlaps import NoOverlap
from hardware.models.stock import Condition, Item, Product, Stockroom

PERSON = settings.AUTH_USER_MODEL
ONE_BORROWER = Q(person=None) ^ Q(team=None)


class Kit(models.Model):
    """A named set with a tag of its own: what is lent together. Its tag is unique among kits and items of the stockroom (services check)."""

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="kits")
    tag = models.CharField(max_length=24)
    name = models.CharField(max_length=80)
    note = models.CharField(max_length=500, blank=True)
    is_retired = models.BooleanField(default=False)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("tag",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["stockroom", "tag"], name="kit_tag_in_stockroom")]

    def __str__(self) -> str:
        return self.tag


class KitSlot(models.Model):
    """One line of what a kit consists of: a fixed item, or so many of a product (any items of it, or a number of what is only counted)."""

    kit = models.ForeignKey(Kit, on_delete=models.CASCADE, related_name="slots")
    position = models.PositiveSmallIntegerField(default=0)
    item = models.OneToOneField(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="kit_slot")
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT, related_name="kit_slots")
    count = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ("position", "pk")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(item=None) ^ Q(product=None), name="slot_is_item_or_product"),
            models.UniqueConstraint(fields=["kit", "product"], condition=Q(item=None), name="product_once_in_kit"),
        ]

    def __str__(self) -> str:
        return f"slot {self.position} of {self.kit_id}"


class KitEvent(AppendOnly):
    """What was changed of a kit, in a sentence. `by` outlives the account."""

    kept = "What was done to a kit"

    kit = models.ForeignKey(Kit, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)
    sentence = models.CharField(max_length=300)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.sentence


class ReservationStatus(models.TextChoices):
    """Waiting: nothing is free for it yet, and no item is held. Asked and approved hold items from the moment they are asked for."""

    WAITING = "waiting", "Waiting list"
    ASKED = "asked", "Asked for"
    APPROVED = "approved", "Approved"
    HANDED_OVER = "handed_over", "Handed over"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"
    NO_SHOW = "no_show", "Not picked up"


HOLDS = frozenset({ReservationStatus.ASKED, ReservationStatus.APPROVED})
RESERVATION_OPEN = HOLDS | {ReservationStatus.WAITING}
RESERVATION_MOVES: Moves = {
    ReservationStatus.WAITING: frozenset({ReservationStatus.ASKED, ReservationStatus.APPROVED, ReservationStatus.DECLINED, ReservationStatus.CANCELLED}),
    ReservationStatus.ASKED: frozenset({ReservationStatus.APPROVED, ReservationStatus.WAITING, ReservationStatus.HANDED_OVER, ReservationStatus.DECLINED,
                                        ReservationStatus.CANCELLED, ReservationStatus.NO_SHOW}),
    ReservationStatus.APPROVED: frozenset({ReservationStatus.WAITING, ReservationStatus.HANDED_OVER, ReservationStatus.DECLINED, ReservationStatus.CANCELLED,
                                           ReservationStatus.NO_SHOW}),
    ReservationStatus.HANDED_OVER: frozenset({ReservationStatus.APPROVED}),  # a hand-over that was a mistake is undone
}  # fmt: skip


class Reservation(models.Model):
    """Somebody wants so many of a product, one certain item, or a kit, from one instant until another.

    is_term: until the return of the course, whose day may move; then `until_at` repeats what that day was for this borrower.
    queued_at: since when it waits; the waiting list is served in this order. key: of the form that was sent.
    """

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="reservations")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="reservations")
    person = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="reservations")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="reservations")
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT, related_name="reservations")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="reservations")
    kit = models.ForeignKey(Kit, null=True, blank=True, on_delete=models.PROTECT, related_name="reservations")
    count = models.PositiveSmallIntegerField(default=1)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    is_term = models.BooleanField(default=False)
    why = models.CharField(max_length=300, blank=True, help_text="what it is for")
    answer = models.CharField(max_length=300, blank=True, help_text="what the staff said")
    status = models.CharField(max_length=12, choices=ReservationStatus.choices, default=ReservationStatus.ASKED, editable=False)  # fmt: skip
    queued_at = models.DateTimeField(null=True, blank=True)
    key = models.UUIDField(null=True, blank=True, unique=True)

    class Meta:
        ordering = ("from_at", "pk")
        indexes: ClassVar = [models.Index(fields=["stockroom", "status", "from_at"], name="reservation_open")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=ONE_BORROWER, name="reservation_of_one"),
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="reservation_lasts"),
            models.CheckConstraint(condition=Q(count__gte=1), name="reservation_of_some"),
            models.CheckConstraint(
                condition=Q(product__isnull=False, kit=None) | Q(product=None, item=None, kit__isnull=False),
                name="reservation_of_product_or_kit",
            ),
        ]

    def __str__(self) -> str:
        return f"reservation {self.pk}"


class ReservationMove(MoveRow):
    subject = models.ForeignKey(Reservation, on_delete=models.CASCADE, related_name="moves")


class LoanQuerySet(models.QuerySet["Loan"]):
    def visible_to(self, visit: Visit) -> "LoanQuerySet":
        """Staff see every loan of the course; others their own, and those of a team while they were in it."""
        here = self.filter(course=visit.course)
        if visit.is_staff:
            return here
        member = Membership.objects.filter(
            Q(until_at=None) | Q(until_at__gt=OuterRef("handed_at")), team=OuterRef("team"), person=visit.person,
            since_at__lte=Coalesce(OuterRef("closed_at"), Now()),
        )  # fmt: skip
        return here.filter(Q(person=visit.person) | Exists(member))

    def open(self) -> "LoanQuerySet":
        return self.filter(closed_at=None)

    def overdue(self, now: datetime) -> "LoanQuerySet":
        return self.open().filter(due_at__lt=now)


class Loan(models.Model):
    """What was handed over to a person or a team at one time. It is open while any piece is out.

    due_at: None = no day was agreed. is_term: it comes back with the return of the course; `due_at` repeats that day for this borrower
    and follows it. taken_by: who of a team carried it away. accepted_at: when the borrower confirmed what they have.
    """

    stockroom = models.ForeignKey(Stockroom, on_delete=models.PROTECT, related_name="loans")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="loans")
    person = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="loans")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="loans")
    taken_by = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reservation = models.ForeignKey(Reservation, null=True, blank=True, on_delete=models.SET_NULL, related_name="loans")
    handed_at = models.DateTimeField()
    handed_by = models.CharField(max_length=120)
    due_at = models.DateTimeField(null=True, blank=True)
    is_term = models.BooleanField(default=False)
    renewed = models.PositiveSmallIntegerField(default=0)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(max_length=120, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    key = models.UUIDField(null=True, blank=True, unique=True)

    objects = LoanQuerySet.as_manager()

    class Meta:
        ordering = ("-handed_at", "-pk")
        indexes: ClassVar = [
            models.Index(fields=["course", "due_at"], condition=Q(closed_at=None), name="loan_open_by_due"),
            models.Index(fields=["person"], condition=Q(closed_at=None), name="loan_open_of_person"),
            models.Index(fields=["team"], condition=Q(closed_at=None), name="loan_open_of_team"),
        ]
        constraints: ClassVar = [models.CheckConstraint(condition=ONE_BORROWER, name="loan_to_one")]

    def __str__(self) -> str:
        return f"loan {self.pk}"


class LoanPiece(models.Model):
    """One thing of a loan: an item, or so many of what is only counted. Out while `back_at` is None.

    ended_as: how it ended; lost: it will not come back, whoever pays. kit: the kit that it went out as part of.
    count_back: of a counted piece, how many came back.
    """

    class End(models.TextChoices):
        RETURNED = "returned", "Returned"
        LOST = "lost", "Lost"
        KEPT = "kept", "Used up or given away"

    loan = models.ForeignKey(Loan, on_delete=models.CASCADE, related_name="pieces")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="loan_pieces")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="loan_pieces")
    count = models.PositiveIntegerField(default=1)
    kit = models.ForeignKey(Kit, null=True, blank=True, on_delete=models.PROTECT, related_name="loan_pieces")
    out_at = models.DateTimeField()
    condition_out = models.CharField(max_length=8, choices=Condition.choices, blank=True)
    back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.CharField(max_length=120, blank=True)
    condition_back = models.CharField(max_length=8, choices=Condition.choices, blank=True)
    ended_as = models.CharField(max_length=8, choices=End.choices, blank=True)
    count_back = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item"], condition=Q(back_at=None), name="item_is_out_once"),
            models.CheckConstraint(condition=Q(back_at=None) ^ ~Q(ended_as=""), name="piece_end_when_back"),
            models.CheckConstraint(
                condition=Q(back_at=None) | Q(back_at__gte=F("out_at")), name="piece_back_after_out"
            ),
        ]

    def __str__(self) -> str:
        return f"piece {self.pk} of {self.loan_id}"


class Booking(models.Model):
    """An item is taken from one instant until another: by a reservation before the hand-over, by a piece of a loan after it.

    item: which one is planned for it. Until the hand-over that is ours to change, unless `is_pinned`; None: none is left for it any
    more, because one broke or came not back. until_at: None = open end. Two active bookings of an item never overlap; on PostgreSQL the
    constraint `booking_no_overlap` (deferred, so that a plan may swap) refuses it, everywhere the lock of the stockroom keeps it so.
    """

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="bookings")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="bookings")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="bookings")
    reservation = models.ForeignKey(
        Reservation, null=True, blank=True, on_delete=models.CASCADE, related_name="bookings"
    )
    piece = models.OneToOneField(LoanPiece, null=True, blank=True, on_delete=models.CASCADE, related_name="booking")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    is_pinned = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("from_at", "pk")
        indexes: ClassVar = [
            models.Index(fields=["product", "from_at"], condition=Q(is_active=True), name="booking_active")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until_at=None) | Q(until_at__gt=F("from_at")), name="booking_lasts"),
            models.CheckConstraint(condition=Q(reservation=None) ^ Q(piece=None), name="booking_of_one"),
            NoOverlap(name="booking_no_overlap", same="item", condition=Q(is_active=True, item__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} from {self.from_at}"


def photo_path(photo: "LoanPhoto", name: str) -> str:
    """A name of ours: that of the sender says nothing about what is in the file."""
    return str(Path("loans") / str(photo.loan_id) / uuid4().hex)


class LoanPhoto(models.Model):
    """How something looked when it went out or came back. piece: None = the whole hand-over."""

    class Way(models.TextChoices):
        OUT = "out", "Handed over"
        BACK = "back", "Taken back"

    loan = models.ForeignKey(Loan, on_delete=models.CASCADE, related_name="photos")
    piece = models.ForeignKey(LoanPiece, null=True, blank=True, on_delete=models.CASCADE, related_name="photos")
    way = models.CharField(max_length=4, choices=Way.choices)
    file = models.FileField(upload_to=photo_path, max_length=200)
    media_type = models.CharField(max_length=20)
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.way} of loan {self.loan_id}"


class LoanEvent(AppendOnly):
    """What happened to a loan, in a sentence. what: handed_over, accepted, returned, renewed, reminded, lost, due_moved, note, photo.

    key: of the form that was sent, so that a form sent twice counts once.
    """

    kept = "What happened to a loan"

    loan = models.ForeignKey(Loan, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)
    what = models.CharField(max_length=16)
    sentence = models.CharField(max_length=300)
    key = models.UUIDField(null=True, blank=True, unique=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.sentence
