import json
import os
import struct

import pytest

from hardware.ondevice.frames import FrameError, FrameReader, encode_frame, write_frame

NONCE = "a" * 32


def test_a_frame_comes_back_as_it_was_written():
    reading, writing = os.pipe()
    write_frame(writing, NONCE, "latency", {"first_ms": [1.5]})
    os.close(writing)
    assert list(FrameReader(NONCE).feed(os.read(reading, 4096))) == [("latency", {"first_ms": [1.5]})]
    os.close(reading)


def test_frames_are_put_together_from_any_pieces():
    reader, data, found = FrameReader(NONCE), encode_frame(NONCE, "a", {}) + encode_frame(NONCE, "b", {"x": 1}), []
    for byte in data:
        found += reader.feed(bytes([byte]))
    assert found == [("a", {}), ("b", {"x": 1})]
    assert reader.pending_bytes == 0


def test_a_frame_cut_short_is_seen():
    reader = FrameReader(NONCE)
    assert list(reader.feed(encode_frame(NONCE, "a", {})[:-1])) == []
    assert reader.pending_bytes > 0


def raw(document):
    payload = json.dumps(document).encode()
    return struct.pack(">I", len(payload)) + payload


@pytest.mark.parametrize(
    "data",
    [
        encode_frame("b" * 32, "a", {}),
        raw({"nonce": NONCE, "kind": "a"}),
        raw({"nonce": NONCE, "kind": "a", "body": {}, "more": 1}),
        raw({"nonce": NONCE, "kind": 1, "body": {}}),
        raw({"nonce": NONCE, "kind": "a", "body": []}),
        raw({"nonce": None, "kind": "a", "body": {}}),
        raw([1]),
        raw({"nonce": NONCE, "kind": "a", "body": {"samples_ms": [10**400]}}),
        struct.pack(">I", 4) + b"\xff\xff\xff\xff",
        struct.pack(">I", 100_000) + b"[" * 100_000,
    ],
)
def test_what_is_no_frame_of_ours_is_refused(data):
    with pytest.raises(FrameError):
        list(FrameReader(NONCE).feed(data))


def test_a_forged_length_is_refused_before_anything_is_collected():
    with pytest.raises(FrameError):
        list(FrameReader(NONCE, max_bytes=1000).feed(struct.pack(">I", 1001)))


def test_many_small_frames_cannot_exceed_the_whole():
    reader = FrameReader(NONCE, max_total_bytes=100)
    list(reader.feed(encode_frame(NONCE, "a", {})))
    with pytest.raises(FrameError):
        list(reader.feed(encode_frame(NONCE, "b", {})))


def test_not_a_number_is_never_written():
    with pytest.raises(ValueError):
        encode_frame(NONCE, "a", {"x": float("nan")})
