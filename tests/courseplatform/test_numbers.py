"""Numbers as people read them."""

from datetime import timedelta

import pytest

from courseplatform.core import numbers


def plain(text):
    return text.replace("\u2009", " ").replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (numbers.digits(12345.6), "12 346"),
        (numbers.digits(0.012345), "0.0123"),
        (numbers.digits(41.23), "41.2"),
        (numbers.size(1024), "1.00 KiB"),
        (numbers.size(900), "900 bytes"),
        (numbers.size(3 << 20), "3.00 MiB"),
        (numbers.disk(29 << 30), "29.0 GiB"),
        (numbers.disk(900 << 20), "900 MiB"),
        (numbers.size_beside_limit(10, up=False), "10 bytes"),
        (numbers.size_beside_limit(1025, up=True), "2 KiB"),
        (numbers.size_beside_limit(512 << 10, up=False), "512 KiB"),
        (numbers.size_beside_limit((1 << 20) - 1, up=True), "1 024 KiB"),
        (numbers.size_beside_limit(64 << 20, up=False), "64 MiB"),
        (numbers.size_beside_limit((64 << 20) + 1, up=True), "64.01 MiB"),
        (numbers.size_beside_limit(5000 << 20, up=True), "5 000 MiB"),
        (numbers.macs(7_490_000), "7.49 M MACs"),
        (numbers.share(0.8944), "89.4 %"),
        (numbers.span(timedelta(days=4, hours=13, minutes=5)), "4 days 13 h"),
        (numbers.span(timedelta(seconds=78)), "1 min 18 s"),
        (numbers.span(timedelta(hours=3, minutes=12)), "3 h 12 min"),
        (numbers.span(timedelta(seconds=-5)), "0 s"),
        (numbers.ordinal(3), "third"),
        (numbers.ordinal(12), "12th"),
    ],
)
def test_formats(shown, wanted):
    assert plain(shown) == wanted


def test_a_length_of_time_is_parted_from_its_unit_by_a_whole_space_that_does_not_break():
    assert numbers.span(timedelta(days=1, hours=21)) == "1\u00a0day 21\u00a0h"


@pytest.mark.parametrize("limit", [1, 1023, 1024, 1_000_000, (1 << 20) - 1, 1 << 20, 1_300_000, 64 << 20, 500_000_001])
def test_a_file_that_is_one_byte_too_large_never_looks_as_if_it_fitted(limit):
    assert numbers.size_beside_limit(limit, up=False) != numbers.size_beside_limit(limit + 1, up=True)


def plain_pair(*given):
    return [said.replace(numbers.NARROW, " ").replace(numbers.THIN, " ") for said in numbers.apart(*given)]


def test_two_numbers_that_differ_never_look_alike():
    assert plain_pair(41000, 40960, "macs") == ["41 000 MACs", "40 960 MACs"]
    assert plain_pair(65540, 65536, "bytes") == ["65 540 bytes", "65 536 bytes"]
    assert plain_pair(0.90004, 0.9, "share") == ["90.004 %", "90.000 %"]
    assert plain_pair(30.0001, 30.0, "ms") == ["30.0001 ms", "30.0000 ms"]


def test_numbers_that_look_different_or_are_the_same_stay_short():
    assert plain_pair(82000, 40960, "macs") == ["82.0 k MACs", "41.0 k MACs"]
    assert plain_pair(40960, 40960, "macs") == ["41.0 k MACs", "41.0 k MACs"]
