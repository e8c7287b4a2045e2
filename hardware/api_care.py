"""The endpoints of damage cases and of counts of a shelf: for the staff what their pages do, for who has a thing what they report of it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.models import Scope
from courseplatform.core.api import USUAL_SCOPES, paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, UtcField, page_of
from courseplatform.core.errors import BadInput
from courseplatform.courses.api import CourseApiView
from courseplatform.courses.models import STAFF, Role
from hardware.inventory.access import item_for, stockroom_for
from hardware.inventory.care_access import case_for, take_for
from hardware.inventory.selectors.cases import CaseFilter, cases_seen, entries
from hardware.inventory.services import cases as services
from hardware.inventory.services import takes
from hardware.inventory.stock.counting import Line, Outcome, outcome_of
from hardware.models import CaseStatus, Condition, DamageCase, StockTake, StockTakeScan

WRITES: Mapping[str, str] = {**USUAL_SCOPES, "POST": Scope.HARDWARE.value, "PATCH": Scope.HARDWARE.value}


class CaseShape(serializers.Serializer[DamageCase]):
    id = serializers.IntegerField(source="pk")
    tag = serializers.CharField(source="item.tag")
    product = serializers.CharField(source="item.product.name")
    what = serializers.CharField(help_text="what is wrong")
    status = serializers.ChoiceField(choices=CaseStatus.choices)
    opened_at = UtcField()
    closed_at = UtcField(allow_null=True, help_text="null: not closed")


class EntryShape(serializers.Serializer[Any]):
    at = UtcField()
    by = serializers.CharField()
    words = serializers.CharField(help_text="empty: a move without words, or a photo")
    moved_to = serializers.CharField(
        source="badge.word", allow_null=True, default=None, help_text="of a move: the state, in words"
    )


class OneCaseShape(CaseShape):
    opened_by = serializers.CharField()
    cost = serializers.DecimalField(max_digits=9, decimal_places=2, allow_null=True)
    currency = serializers.CharField(help_text="empty without a cost")
    cost_note = serializers.CharField(help_text="may be empty")
    entries = serializers.SerializerMethodField(help_text="all that happened, the newest first")

    @extend_schema_field(EntryShape(many=True))
    def get_entries(self, case: DamageCase) -> Any:
        return EntryShape(entries(case), many=True).data


class NewCaseShape(serializers.Serializer[Any]):
    tag = serializers.CharField(max_length=24)
    what = serializers.CharField(max_length=300)


class CaseActShape(serializers.Serializer[Any]):
    """`to` moves it, with `why` and `condition`; `note` alone writes a line into it."""

    to = serializers.ChoiceField(choices=CaseStatus.choices, required=False)
    why = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    condition = serializers.ChoiceField(
        choices=Condition.choices, required=False, default="", help_text="of the item, where it comes back into service"
    )
    note = serializers.CharField(max_length=600, required=False, default="", allow_blank=True)


class Cases(CourseApiView):
    """Damage cases, the newest first: those of the stock for the staff, for others those of what they have on loan."""

    scopes: ClassVar[Mapping[str, str]] = WRITES

    @extend_schema(
        responses=page_of(CaseShape), operation_id="damage_cases",
        parameters=[
            OpenApiParameter("q", str, description="text in tag, product or what is wrong"),
            OpenApiParameter("state", str, description="open, in_repair, mended, no_fault, written_off or all; left out: what is not closed"),
            *PAGE_PARAMETERS,
        ],
    )  # fmt: skip
    def get(self, request: Request, course: str) -> Response:
        stockroom_for(self.visit)
        chosen: Any = CaseFilter.of(request.query_params)
        return paged(request, cases_seen(self.visit, chosen), CaseShape, order=("-opened_at", "-pk"))

    @extend_schema(
        request=NewCaseShape, responses={201: CaseShape}, operation_id="damage_case_open",
        description="Report that something is wrong with an item: the staff of any, others of what they have on loan. While a case of it is "
        "open, this is a note in that one. Scope: `hardware`.",
    )  # fmt: skip
    def post(self, request: Request, course: str) -> Response:
        sent = NewCaseShape(data=request.data)
        sent.is_valid(raise_exception=True)
        report = services.case_open if self.visit.is_staff else services.case_report
        made = report(
            visit=self.visit, item=item_for(self.visit, sent.validated_data["tag"]), what=sent.validated_data["what"]
        )
        return Response(CaseShape(made).data, status=201)


class OneCase(CourseApiView):
    """One damage case with all that happened in it, for the staff."""

    roles: ClassVar[frozenset[Role]] = STAFF
    scopes: ClassVar[Mapping[str, str]] = WRITES

    @extend_schema(responses=OneCaseShape, operation_id="damage_case")
    def get(self, request: Request, course: str, case: int) -> Response:
        return Response(OneCaseShape(case_for(self.visit, case)).data)

    @extend_schema(
        request=CaseActShape, responses=OneCaseShape, operation_id="damage_case_act",
        description="Say what becomes of it, or write a note. Scope: `hardware`.",
    )  # fmt: skip
    def post(self, request: Request, course: str, case: int) -> Response:
        row, sent = case_for(self.visit, case), CaseActShape(data=request.data)
        sent.is_valid(raise_exception=True)
        said = sent.validated_data
        if "to" in said:
            services.case_move(visit=self.visit, case=row, to=said["to"], why=said["why"], condition=said["condition"])
        if said["note"] or "to" not in said:
            services.case_note(visit=self.visit, case=row, text=said["note"])
        return Response(OneCaseShape(case_for(self.visit, row.pk)).data)


class CountShape(serializers.Serializer[StockTake]):
    id = serializers.IntegerField(source="pk")
    place = serializers.CharField(help_text="empty: the whole stockroom")
    begun_at = UtcField()
    begun_by = serializers.CharField()
    ended_at = UtcField(allow_null=True, help_text="null: it goes on")
    ended_by = serializers.CharField(help_text="empty while it goes on")


class CountLineShape(serializers.Serializer[Line]):
    tag = serializers.CharField()
    product = serializers.CharField()
    words = serializers.CharField(help_text="what is to be known of it; may be empty")


class OutcomeShape(serializers.Serializer[Outcome]):
    expected = serializers.IntegerField()
    seen = CountLineShape(many=True)
    missing = CountLineShape(many=True)
    gone = CountLineShape(many=True, help_text="left by the books while people counted")
    extra = CountLineShape(many=True, help_text="came while people counted")
    elsewhere = CountLineShape(many=True)
    out = CountLineShape(many=True, help_text="on loan by the books, and seen here")
    found = CountLineShape(many=True, help_text="lost or retired by the books, and seen here")
    unknown = serializers.ListField(child=serializers.CharField(), help_text="codes")


class OneCountShape(CountShape):
    result = serializers.SerializerMethodField(help_text="as it stands now, or as it was kept when it ended")

    @extend_schema_field(OutcomeShape())
    def get_result(self, take: StockTake) -> Any:
        return OutcomeShape(outcome_of(take)).data


class NewCountShape(serializers.Serializer[Any]):
    place = serializers.CharField(
        max_length=80, required=False, default="", allow_blank=True, help_text="empty: the whole stockroom"
    )


class ScanShape(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=2000, help_text="a tag, or what a label says")
    whole_kit = serializers.BooleanField(
        required=False, default=False, help_text="count the fixed items of a kit by its own tag"
    )


class ScannedShape(serializers.Serializer[takes.Scanned]):
    found = serializers.ChoiceField(choices=[("", "a kit; nothing is counted yet"), *StockTakeScan.Found.choices])
    sentence = serializers.CharField()
    is_new = serializers.BooleanField(help_text="false: it had been scanned before")
    kit = serializers.CharField(source="kit.tag", allow_null=True, default=None)


class KeptScanShape(serializers.Serializer[StockTakeScan]):
    code = serializers.CharField()
    tag = serializers.CharField(source="item.tag", allow_null=True, default=None, help_text="null: unknown")
    found = serializers.ChoiceField(choices=StockTakeScan.Found.choices)
    at = UtcField()
    by = serializers.CharField()


class EndShape(serializers.Serializer[Any]):
    is_ended = serializers.BooleanField()


class StaffWrites(CourseApiView):
    roles: ClassVar[frozenset[Role]] = STAFF
    scopes: ClassVar[Mapping[str, str]] = WRITES


class Counts(StaffWrites):
    """Counts of shelves, the latest first, for the staff."""

    @extend_schema(responses=page_of(CountShape), parameters=PAGE_PARAMETERS, operation_id="shelf_counts")
    def get(self, request: Request, course: str) -> Response:
        return paged(
            request,
            StockTake.objects.filter(stockroom=stockroom_for(self.visit)),
            CountShape,
            order=("-begun_at", "-pk"),
        )

    @extend_schema(
        request=NewCountShape, responses={201: CountShape}, operation_id="shelf_count_begin",
        description="Begin to count a place, or join the count of it that goes on. Scope: `hardware`.",
    )  # fmt: skip
    def post(self, request: Request, course: str) -> Response:
        sent = NewCountShape(data=request.data)
        sent.is_valid(raise_exception=True)
        made = takes.take_begin(visit=self.visit, place=sent.validated_data["place"])
        return Response(CountShape(made).data, status=201)


class OneCount(StaffWrites):
    """One count with what it comes to, for the staff. What follows from it is decided on its page."""

    @extend_schema(responses=OneCountShape, operation_id="shelf_count")
    def get(self, request: Request, course: str, take: int) -> Response:
        return Response(OneCountShape(take_for(self.visit, take)).data)

    @extend_schema(
        request=EndShape, responses=OneCountShape, operation_id="shelf_count_end",
        description="End the count and keep what it came to; a second end changes nothing. Scope: `hardware`.",
    )  # fmt: skip
    def patch(self, request: Request, course: str, take: int) -> Response:
        row, sent = take_for(self.visit, take), EndShape(data=request.data)
        sent.is_valid(raise_exception=True)
        if not sent.validated_data["is_ended"]:
            raise BadInput("A count that has ended stays as it was kept. Send is_ended as true.", code="not_reopened")
        return Response(OneCountShape(takes.take_end(visit=self.visit, take=row)).data)


class CountScans(StaffWrites):
    """What was scanned in a count, in its order."""

    @extend_schema(responses=page_of(KeptScanShape), parameters=PAGE_PARAMETERS, operation_id="shelf_count_scans")
    def get(self, request: Request, course: str, take: int) -> Response:
        found = take_for(self.visit, take).scans.select_related("item")
        return paged(request, found, KeptScanShape, order=("at", "pk"))

    @extend_schema(
        request=ScanShape, responses=ScannedShape, operation_id="shelf_count_scan",
        description="Something was scanned; the same thing twice counts once. Scope: `hardware`.",
    )  # fmt: skip
    def post(self, request: Request, course: str, take: int) -> Response:
        sent = ScanShape(data=request.data)
        sent.is_valid(raise_exception=True)
        said = takes.take_scan(visit=self.visit, take=take_for(self.visit, take), **sent.validated_data)
        return Response(ScannedShape(said).data)


urlpatterns = [
    path("courses/<slug:course>/hardware/cases", Cases.as_view(), name="cases"),
    path("courses/<slug:course>/hardware/cases/<int:case>", OneCase.as_view(), name="case"),
    path("courses/<slug:course>/hardware/counts", Counts.as_view(), name="counts"),
    path("courses/<slug:course>/hardware/counts/<int:take>", OneCount.as_view(), name="count"),
    path("courses/<slug:course>/hardware/counts/<int:take>/scans", CountScans.as_view(), name="count_scans"),
]
