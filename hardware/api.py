"""The endpoints of the stock: the items of a course for its staff; loans and reservations for whom they concern."""

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.core.api import flag_of, paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, UtcField, page_of
from courseplatform.courses.api import CourseApiView
from courseplatform.courses.models import STAFF, Role
from hardware import api_care, api_kits
from hardware.inventory.access import stockroom_for
from hardware.inventory.selectors.items import ItemFilter, items_of
from hardware.inventory.selectors.reservations import reservations_of
from hardware.models import Condition, Item, Kind, Loan, LoanPiece, ReservationStatus

FILTERS = [
    OpenApiParameter("q", str, description="text in tag, serial number, place or note"),
    OpenApiParameter(
        "state", str, description="in_service, in_repair, lost, retired or all; left out: all but retired"
    ),
]


class ItemShape(serializers.Serializer[Item]):
    tag = serializers.CharField(help_text="unique in the stockroom, in capitals")
    product = serializers.CharField(source="product.name")
    kind = serializers.ChoiceField(source="product.kind", choices=Kind.choices)
    device = serializers.CharField(source="product.device", help_text="slug of a device profile; may be empty")
    serial = serializers.CharField(help_text="may be empty")
    place = serializers.CharField(help_text="may be empty")
    condition = serializers.ChoiceField(choices=Condition.choices)
    state = serializers.ChoiceField(source="status", choices=Item.Status.choices)
    value = serializers.DecimalField(max_digits=9, decimal_places=2, allow_null=True)
    currency = serializers.CharField(help_text="three letters; empty without a value")
    bought_on = serializers.DateField(allow_null=True)
    warranty_until = serializers.DateField(allow_null=True)
    note = serializers.CharField(help_text="may be empty")


class Hardware(CourseApiView):
    """The items that a course owns, by tag. 404 with `no_stockroom` where it has no stock."""

    roles: ClassVar[frozenset[Role]] = STAFF

    @extend_schema(responses=page_of(ItemShape), parameters=[*FILTERS, *PAGE_PARAMETERS], operation_id="hardware")
    def get(self, request: Request, course: str) -> Response:
        chosen: Any = ItemFilter.of(request.query_params)
        return paged(request, items_of(stockroom_for(self.visit), chosen), ItemShape, order=("tag", "pk"))


class BorrowerShape(serializers.Serializer[Any]):
    """Of a loan or a reservation: exactly one of the two is there."""

    person = serializers.CharField(source="person.name", allow_null=True, default=None)
    team = serializers.SlugField(source="team.slug", allow_null=True, default=None)


class LoanPieceShape(serializers.Serializer[LoanPiece]):
    tag = serializers.CharField(source="item.tag", allow_null=True, default=None, help_text="null: only counted")
    product = serializers.CharField(source="product.name")
    count = serializers.IntegerField()
    out_at = UtcField()
    back_at = UtcField(allow_null=True, help_text="null: still out")
    ended_as = serializers.CharField(help_text="returned, lost or kept; empty while it is out")


class LoanShape(BorrowerShape):
    id = serializers.IntegerField(source="pk")
    handed_at = UtcField()
    due_at = UtcField(allow_null=True, help_text="null: no day is agreed")
    is_term = serializers.BooleanField(help_text="it comes back with the return of the course")
    accepted_at = UtcField(allow_null=True, help_text="when the borrower confirmed it")
    closed_at = UtcField(allow_null=True, help_text="null: something of it is out")
    pieces = LoanPieceShape(many=True)


class ReservationShape(BorrowerShape):
    id = serializers.IntegerField(source="pk")
    product = serializers.CharField(source="product.name", allow_null=True, default=None, help_text="null: a kit")
    item = serializers.CharField(
        source="item.tag", allow_null=True, default=None, help_text="the certain item that was asked for; null: any"
    )
    kit = serializers.CharField(source="kit.tag", allow_null=True, default=None)
    count = serializers.IntegerField()
    from_at = UtcField()
    until_at = UtcField()
    is_term = serializers.BooleanField()
    status = serializers.ChoiceField(choices=ReservationStatus.choices)


class Loans(CourseApiView):
    """Loans of the course, the latest first: all of them for its staff, for students their own and those of their team."""

    @extend_schema(
        responses=page_of(LoanShape), operation_id="loans",
        parameters=[OpenApiParameter("open", bool, description="true: only those of which something is out"), *PAGE_PARAMETERS],
    )  # fmt: skip
    def get(self, request: Request, course: str) -> Response:
        found = Loan.objects.visible_to(self.visit).filter(course=self.visit.course)
        if flag_of(request, "open"):
            found = found.filter(closed_at=None)
        rows = found.select_related("person", "team").prefetch_related("pieces__item", "pieces__product")
        return paged(request, rows, LoanShape, order=("-handed_at", "-pk"))


class Reservations(CourseApiView):
    """Reservations of the course by their first day: all of them for its staff, for students their own and those of their team."""

    @extend_schema(responses=page_of(ReservationShape), parameters=PAGE_PARAMETERS, operation_id="reservations")
    def get(self, request: Request, course: str) -> Response:
        return paged(request, reservations_of(self.visit), ReservationShape, order=("from_at", "pk"))


urlpatterns = [
    path("courses/<slug:course>/hardware", Hardware.as_view(), name="hardware"),
    path("courses/<slug:course>/hardware/loans", Loans.as_view(), name="loans"),
    path("courses/<slug:course>/hardware/reservations", Reservations.as_view(), name="reservations"),
    *api_kits.urlpatterns,
    *api_care.urlpatterns,
]
