"""Counting a shelf: what a scan means, what is missing, what changed under way, and what follows from it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError
from hardware.inventory.selectors.items import seen_of
from hardware.inventory.services.cases import case_move, case_open
from hardware.inventory.services.items import item_change, item_move
from hardware.inventory.services.takes import take_begin, take_drop, take_end, take_scan, take_settle
from hardware.inventory.stock.counting import outcome_of
from hardware.models import Item, Kit, StockEvent, StockTake, StockTakeScan
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.test_cases import lent
from tests.people import make_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(cast):
    """PI-01 to PI-04 on Shelf A, CM-01 on Shelf B."""
    items_of(cast, product_of(cast), "PI-01", "PI-02", "PI-03", "PI-04", place="Shelf A")
    items_of(cast, product_of(cast, "Camera", kind="camera"), "CM-01", place="Shelf B")
    return {one.tag: one for one in Item.objects.select_related("product", "stockroom")}


def begun(cast, place="Shelf A"):
    return take_begin(visit=cast.visit(cast.amit), place=place)


def scan(cast, take, *codes, **more):
    return [take_scan(visit=cast.visit(cast.amit), take=take, code=code, **more) for code in codes]


def ended(cast, take):
    return take_end(visit=cast.visit(cast.amit), take=take)


def tags(lines):
    return [line.tag for line in lines]


def back(piece):
    piece.back_at, piece.ended_as = timezone.now(), "returned"
    piece.save()
    piece.booking.is_active = False
    piece.booking.save()


def refused(act, **more):
    with pytest.raises(AppError) as caught:
        act(**more)
    return caught.value.code


def move(cast, item, to):
    item_move(visit=cast.visit(cast.amit), item=item, to=to, why="")


def test_each_scan_says_what_it_is(cast, shelf):
    lent(cast, shelf["PI-04"], team=make_team(cast, "Magpie", cast.ruth))
    move(cast, shelf["PI-03"], "lost")
    take = begun(cast, "  shelf   a ")
    assert [row["tag"] for row in take.expected] == ["PI-01", "PI-02"]
    codes = (
        "https://testserver/t/odml/pi-01",
        "pi-02",
        "CM-01",
        "PI-04",
        "PI-03",
        "XX-99",
        "https://evil.example/pay",
    )
    assert [one.found for one in scan(cast, take, *codes)] == [
        "here",
        "here",
        "elsewhere",
        "out",
        "gone",
        "unknown",
        "unknown",
    ]
    found = outcome_of(take)
    assert (tags(found.seen), tags(found.missing), tags(found.elsewhere), tags(found.out), tags(found.found), found.unknown) == (
        ["PI-01", "PI-02"], [], ["CM-01"], ["PI-04"], ["PI-03"], ["XX-99", "https://evil.example/pay"],
    )  # fmt: skip
    assert (found.out[0].words, found.elsewhere[0].words) == ("on loan to team Magpie", "belongs at Shelf B")


def test_the_same_thing_twice_counts_once(cast, shelf):
    take = begun(cast)
    first, second = scan(cast, take, "PI-01", "/t/odml/PI-01")
    assert (first.is_new, second.is_new, second.found) == (True, False, "here")
    assert [one.is_new for one in scan(cast, take, "XX-99", "xx-99")] == [True, False]
    assert StockTakeScan.objects.count() == 2
    assert refused(take_scan, visit=cast.visit(cast.amit), take=take, code="PI 01") == "bad_tag"


def test_a_loan_and_a_return_during_the_count_are_told_apart_from_what_is_missing(cast, shelf):
    piece = lent(cast, shelf["PI-04"], person=cast.ruth)
    take = begun(cast)
    lent(cast, shelf["PI-01"], person=cast.daniel)
    back(piece)
    move(cast, shelf["PI-02"], "retired")
    scan(cast, take, "PI-04")
    found = outcome_of(take)
    assert (found.expected, tags(found.missing), tags(found.extra)) == (3, ["PI-03"], ["PI-04"])
    assert [(one.tag, one.words) for one in found.gone] == [
        ("PI-01", "lent to Daniel during the count"), ("PI-02", "retired by the books since"),
    ]  # fmt: skip


def test_what_was_scanned_before_it_was_lent_stays_seen(cast, shelf):
    take = begun(cast)
    scan(cast, take, "PI-01")
    lent(cast, shelf["PI-01"], person=cast.daniel)
    found = outcome_of(take)
    assert (tags(found.seen), found.gone) == (["PI-01"], [])


def test_what_moved_to_another_shelf_meanwhile_is_not_missing(cast, shelf):
    take, item = begun(cast), shelf["PI-01"]
    item_change(visit=cast.visit(cast.helen), item=item, values={"place": "Lab bench"}, seen=seen_of(item))
    assert [one.words for one in outcome_of(take).gone] == ["moved to Lab bench by the books since"]


def test_a_kit_is_named_by_its_tag_and_its_items_count_only_when_asked(cast, shelf):
    kit = Kit.objects.create(stockroom=shelf["PI-01"].stockroom, tag="KIT-01", name="Vision kit")
    for tag in ("PI-01", "CM-01"):
        kit.slots.create(item=shelf[tag])
    take = begun(cast)
    (named,) = scan(cast, take, "kit-01")
    assert (named.kit, named.found, take.scans.count()) == (kit, "", 0)
    (whole,) = scan(cast, take, "KIT-01", whole_kit=True)
    assert (whole.found, whole.is_new, take.scans.count()) == ("elsewhere", True, 2)
    assert scan(cast, take, "KIT-01", whole_kit=True)[0].is_new is False
    kit.is_retired = True
    kit.save()
    assert scan(cast, take, "KIT-01")[0].found == "unknown"


def test_a_count_that_is_going_on_is_joined_and_one_of_everything_is_another(cast, shelf):
    take = begun(cast)
    assert begun(cast, "SHELF A") == take
    whole = begun(cast, "")
    assert whole != take and len(whole.expected) == 5
    assert scan(cast, whole, "CM-01")[0].found == "here"
    ended(cast, take)
    assert begun(cast) != take
    assert refused(take_begin, visit=cast.visit(cast.amit), place="Attic") == "unknown_place"


def test_the_result_is_kept_as_it_was_and_stands_in_the_history_of_each_item(cast, shelf):
    take = begun(cast)
    scan(cast, take, "PI-01", "PI-02", "CM-01", "XX-99")
    done = ended(cast, take)
    move(cast, shelf["PI-03"], "lost")
    found = outcome_of(StockTake.objects.get(pk=done.pk))
    assert (tags(found.seen), tags(found.missing), tags(found.elsewhere), found.unknown) == (
        ["PI-01", "PI-02"], ["PI-03", "PI-04"], ["CM-01"], ["XX-99"],
    )  # fmt: skip
    said = dict(StockEvent.objects.filter(what="counted").values_list("item__tag", "after"))
    assert said == {
        "PI-01": "seen: Shelf A", "PI-02": "seen: Shelf A", "PI-03": "not seen: Shelf A", "PI-04": "not seen: Shelf A", "CM-01": "found: Shelf A",
    }  # fmt: skip
    assert ended(cast, take).ended_at == done.ended_at
    assert StockEvent.objects.filter(what="counted").count() == 5
    assert refused(take_scan, visit=cast.visit(cast.amit), take=take, code="PI-03") == "count_ended"


def test_what_is_ticked_in_the_result_is_done_in_one_go(cast, shelf):
    move(cast, shelf["PI-04"], "lost")
    take = begun(cast)
    scan(cast, take, "PI-01", "PI-04", "CM-01")
    ended(cast, take)
    visit = cast.visit(cast.amit)
    ticks = {"lost": [shelf["PI-02"].pk], "moved": [shelf["CM-01"].pk], "found": [shelf["PI-04"].pk]}
    assert take_settle(visit=visit, take=take, **ticks) == 3
    assert list(Item.objects.order_by("tag").values_list("tag", "status", "place")) == [
        ("CM-01", "in_service", "Shelf A"), ("PI-01", "in_service", "Shelf A"), ("PI-02", "lost", "Shelf A"), ("PI-03", "in_service", "Shelf A"),
        ("PI-04", "in_service", "Shelf A"),
    ]  # fmt: skip
    assert StockEvent.objects.filter(item=shelf["PI-02"]).first().why.startswith("not seen: count of Shelf A on ")
    assert take_settle(visit=visit, take=take, **ticks) == 0


def test_nothing_of_the_ticks_is_done_where_one_cannot_be(cast, shelf):
    take = begun(cast)
    scan(cast, take, "CM-01")
    visit = cast.visit(cast.amit)
    assert refused(take_settle, visit=visit, take=take, lost=[shelf["PI-01"].pk]) == "count_running"
    ended(cast, take)
    lent(cast, shelf["PI-02"], person=cast.ruth)
    assert refused(take_settle, visit=visit, take=take, lost=[shelf["PI-01"].pk, shelf["PI-02"].pk]) == "on_loan"
    assert refused(take_settle, visit=visit, take=take, lost=[shelf["CM-01"].pk]) == "not_in_result"
    assert not Item.objects.filter(status="lost").exists()


def test_in_the_repair_of_a_case_it_is_expected_and_can_still_be_lost(cast, shelf):
    visit = cast.visit(cast.amit)
    case_move(visit=visit, case=case_open(visit=visit, item=shelf["PI-01"], what="bent"), to="in_repair")
    take = begun(cast)
    assert outcome_of(take).missing[0].words == "in repair"
    ended(cast, take)
    assert take_settle(visit=visit, take=take, lost=[shelf["PI-01"].pk]) == 1


def test_a_count_that_was_a_mistake_is_forgotten_while_nothing_was_scanned(cast, shelf):
    visit, take = cast.visit(cast.amit), begun(cast)
    scan(cast, take, "PI-01")
    assert refused(take_drop, visit=visit, take=take) == "has_scans"
    other = begun(cast, "Shelf B")
    take_drop(visit=visit, take=other)
    assert not StockTake.objects.filter(pk=other.pk).exists()


def test_another_courses_count_is_not_there(cast, shelf):
    take, other = begun(cast), make_course("second")
    other.enrolments.create(person=cast.ines, role="instructor")
    visit = cast.visit(cast.ines, other)
    for act in (take_end, take_drop, take_settle):
        assert refused(act, visit=visit, take=take) in ("no_stockroom", "not_found")


def test_a_big_count_makes_the_same_few_queries(cast, shelf, django_assert_max_num_queries):
    items_of(cast, shelf["PI-01"].product, *(f"Z-{n:03}" for n in range(200)), place="Shelf A")
    take = begun(cast)
    for n in range(0, 200, 20):
        scan(cast, take, f"Z-{n:03}")
    with django_assert_max_num_queries(3):
        outcome_of(take)
    with django_assert_max_num_queries(16):
        scan(cast, take, "Z-001")
    with django_assert_max_num_queries(20):
        ended(cast, take)
    assert take.begun_at <= timezone.now() + timedelta(seconds=1)
