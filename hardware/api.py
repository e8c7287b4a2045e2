"""The endpoint of the stock: the items of a course, for its staff."""

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.core.api import paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, page_of
from courseplatform.courses.api import CourseApiView
from courseplatform.courses.models import STAFF, Role
from hardware.inventory.access import stockroom_for
from hardware.inventory.selectors.items import ItemFilter, items_of
from hardware.models import Condition, Item, Kind

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


urlpatterns = [path("courses/<slug:course>/hardware", Hardware.as_view(), name="hardware")]
