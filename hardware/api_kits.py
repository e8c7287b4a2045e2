"""The endpoints of kits: what is lent together, for everybody in the course; making, changing and giving them up, for instructors."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django.db.models import prefetch_related_objects
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.models import Scope
from courseplatform.core.api import USUAL_SCOPES, flag_of, paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, page_of
from courseplatform.core.errors import BadInput, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.api import CourseApiView
from courseplatform.courses.models import Role
from hardware.inventory.access import kit_for, stockroom_for
from hardware.inventory.kits.contents import kit_states
from hardware.inventory.selectors.kits import SLOTS
from hardware.inventory.services.kits import Part, kit_add, kit_change, kit_restore, kit_retire, last_kit_event
from hardware.models import Kit, KitSlot, Product

WRITES: Mapping[str, str] = {**USUAL_SCOPES, "POST": Scope.HARDWARE.value, "PATCH": Scope.HARDWARE.value}


class KitPartShape(serializers.Serializer[KitSlot]):
    tag = serializers.CharField(
        source="item.tag", allow_null=True, default=None, help_text="of a fixed item; null: any of the product"
    )
    product = serializers.SerializerMethodField()
    count = serializers.IntegerField()

    def get_product(self, row: KitSlot) -> str:
        return str(row.item.product if row.item else row.product)


class KitShape(serializers.Serializer[Kit]):
    tag = serializers.CharField()
    name = serializers.CharField()
    note = serializers.CharField(help_text="may be empty")
    is_retired = serializers.BooleanField(help_text="it is given up and not lent")
    parts = KitPartShape(source="slots", many=True)
    is_whole = serializers.SerializerMethodField(help_text="for the staff; null for others")
    missing = serializers.SerializerMethodField(help_text="for the staff: what is not there, in words; null for others")

    @extend_schema_field(serializers.BooleanField(allow_null=True))
    def get_is_whole(self, kit: Any) -> bool | None:
        return kit.state.is_whole if kit.state else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
    def get_missing(self, kit: Any) -> list[str] | None:
        return [one.why for one in kit.state.missing] if kit.state else None


class NewPartShape(serializers.Serializer[Any]):
    """`tag` of a fixed item, or `product` by its name with `count`."""

    tag = serializers.CharField(max_length=24, required=False)
    product = serializers.CharField(max_length=80, required=False)
    count = serializers.IntegerField(required=False, default=1)


class NewKitShape(serializers.Serializer[Any]):
    tag = serializers.CharField(max_length=24)
    name = serializers.CharField(max_length=80)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    parts = NewPartShape(many=True)


class KitChangeShape(serializers.Serializer[Any]):
    """What is not named stays. `is_retired` stands alone."""

    name = serializers.CharField(max_length=80, required=False)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)
    parts = NewPartShape(many=True, required=False, help_text="all of them: what is not named leaves the kit")
    is_retired = serializers.BooleanField(required=False)


class Kits(CourseApiView):
    """The kits of the course by tag, those that are given up left out. 404 with `no_stockroom` where it has no stock."""

    scopes: ClassVar[Mapping[str, str]] = WRITES

    @extend_schema(
        responses=page_of(KitShape), operation_id="kits",
        parameters=[OpenApiParameter("retired", bool, description="true: also those that are given up"), *PAGE_PARAMETERS],
    )  # fmt: skip
    def get(self, request: Request, course: str) -> Response:
        found = Kit.objects.filter(stockroom=stockroom_for(self.visit)).prefetch_related(*SLOTS)
        if not flag_of(request, "retired"):
            found = found.filter(is_retired=False)
        return paged(request, found, KitShape, order=("tag", "pk"), prepare=partial(_states, self.visit))

    @extend_schema(
        request=NewKitShape, responses={201: KitShape}, operation_id="kit_add",
        description="Make a kit; for instructors. Scope: `hardware`.",
    )  # fmt: skip
    def post(self, request: Request, course: str) -> Response:
        _check_instructor(self.visit)
        said = _said(NewKitShape, request)
        parts = _parts(self.visit, said["parts"])
        made = kit_add(visit=self.visit, tag=said["tag"], name=said["name"], note=said["note"], parts=parts)
        return _answer(self.visit, made, status=201)


class OneKit(CourseApiView):
    """One kit, also one that is given up."""

    scopes: ClassVar[Mapping[str, str]] = WRITES

    @extend_schema(responses=KitShape, operation_id="kit")
    def get(self, request: Request, course: str, kit: str) -> Response:
        return _answer(self.visit, kit_for(self.visit, kit))

    @extend_schema(
        request=KitChangeShape, responses=KitShape, operation_id="kit_change",
        description="Change a kit, give it up, or take it into use again; for instructors. Scope: `hardware`.",
    )  # fmt: skip
    def patch(self, request: Request, course: str, kit: str) -> Response:
        row = kit_for(self.visit, kit)
        _check_instructor(self.visit)
        said = _said(KitChangeShape, request)
        if "is_retired" in said:
            if len(said) > 1:
                raise BadInput(
                    "Send is_retired alone: giving up a kit and changing it are two things.", code="two_changes"
                )
            row = (kit_retire if said["is_retired"] else kit_restore)(visit=self.visit, kit=row)
        else:
            parts = _parts(self.visit, said.pop("parts")) if "parts" in said else None
            row = kit_change(visit=self.visit, kit=row, values=said, parts=parts, seen=last_kit_event(row))
        return _answer(self.visit, row)


def _said(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _check_instructor(visit: Visit) -> None:
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden("Kits are made and changed by instructors.", code="instructors_only")


def _parts(visit: Visit, sent: list[Mapping[str, Any]]) -> list[Part]:
    """Raises BadInput (`no_part`, `unknown_product`); what else can be wrong is refused by the service."""
    stockroom = stockroom_for(visit)
    keys = {name.lower(): pk for pk, name in Product.objects.filter(stockroom=stockroom).values_list("pk", "name")}
    found = []
    for one in sent:
        tag, product = str(one.get("tag", "")), str(one.get("product", ""))
        if bool(tag) == bool(product):
            raise BadInput("A part is a fixed item by its tag, or so many of a product by its name.", code="no_part")
        if product and product.lower() not in keys:
            raise BadInput(f"The catalogue has no {product}.", code="unknown_product")
        found.append(Part(tags=(tag,)) if tag else Part(product=keys[product.lower()], count=one["count"]))
    return found


def _states(visit: Visit, kits: list[Kit]) -> None:
    """Where everything of them is, for the staff: four queries for all kits of a page."""
    states = kit_states(kits) if visit.is_staff else {}
    for kit in kits:
        kit.state = states.get(kit.pk)  # type: ignore[attr-defined]


def _answer(visit: Visit, kit: Kit, status: int = 200) -> Response:
    prefetch_related_objects([kit], *SLOTS)
    _states(visit, [kit])
    return Response(KitShape(kit).data, status=status)


urlpatterns = [
    path("courses/<slug:course>/hardware/kits", Kits.as_view(), name="kits"),
    path("courses/<slug:course>/hardware/kits/<slug:kit>", OneKit.as_view(), name="kit"),
]
