"""Pictures of people's phones: what the camera wrote into the file goes, the picture itself does not change by a pixel."""

import io
import os

import pytest
from PIL import Image, ImageOps, PngImagePlugin

from courseplatform.core.errors import BadInput
from courseplatform.core.image_files import read_image, without_metadata

SECRET = b"40.4433N 79.9436W"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
ICC = b"profile of colours " * 40


def noise(mode="RGB"):
    return Image.frombytes(mode, (48, 32), os.urandom(48 * 32 * len(mode)))


def exif(orientation=1):
    """As a phone writes it: the maker, the place, and a preview of its own."""
    found = Image.Exif()
    found[0x0112], found[0x010F], found[0x0132] = orientation, SECRET.decode(), "2023:09:11 16:00:00"
    found.get_ifd(0x8825)[1] = "N"
    found.get_ifd(0x8825)[2] = (40.0, 26.0, 35.5)
    found.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + SECRET
    return found


def saved(kind, orientation=1, **more):
    out = io.BytesIO()
    noise("RGBA" if kind == "WEBP" else "RGB").save(out, kind, exif=exif(orientation), icc_profile=ICC, **more)
    return out.getvalue()


def png(orientation=1):
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", SECRET.decode())
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=False)
    notes.add(b"tIME", b"\x07\xe7\x09\x0b\x10\x00\x00")
    return saved("PNG", orientation, pnginfo=notes)


def jpeg(orientation=1, **more):
    return saved("JPEG", orientation, comment=SECRET, xmp=XMP, **more)


KINDS = {
    "baseline": jpeg, "progressive": lambda turn=1: jpeg(turn, progressive=True), "restarts": lambda turn=1: jpeg(turn, restart_marker_rows=1),
    "png": png, "lossy webp": lambda turn=1: saved("WEBP", turn, xmp=XMP), "lossless webp": lambda turn=1: saved("WEBP", turn, xmp=XMP, lossless=True),
}  # fmt: skip


def opened(content):
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_place_stays_and_every_pixel_and_colour_does(kind):
    before = KINDS[kind]()
    assert SECRET in before
    after = without_metadata(before)
    assert SECRET not in after and b"2023:09" not in after
    assert not dict(opened(after).getexif())
    assert opened(after).tobytes() == opened(before).tobytes()
    assert opened(after).info["icc_profile"] == ICC
    assert read_image(after, "a") == read_image(before, "a")
    assert without_metadata(after) == after


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_a_picture_that_lies_on_its_side_stays_the_right_way_up(kind, turn):
    before = KINDS[kind](turn)
    after = without_metadata(before)
    assert dict(opened(after).getexif()) == {0x0112: turn}
    assert SECRET not in after
    assert ImageOps.exif_transpose(opened(after)).tobytes() == ImageOps.exif_transpose(opened(before)).tobytes()


def test_what_stands_behind_the_end_of_a_picture_is_left_out():
    for kind, made in KINDS.items():
        plain = without_metadata(made())
        assert without_metadata(plain + b"\x00\x01" + SECRET) == plain, kind


def test_the_preview_and_other_segments_of_a_jpeg_go():
    content = without_metadata(jpeg())
    jfif = b"\xff\xe0\x00\x13JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x01\x01abc"
    other = b"\xff\xeb" + (len(SECRET) + 2).to_bytes(2, "big") + SECRET
    after = without_metadata(content[:2] + jfif + other + content[2:])
    assert b"abc" not in after and SECRET not in after
    assert opened(after).tobytes() == opened(content).tobytes()


def test_a_moving_picture_still_moves():
    for kind in ("PNG", "WEBP"):
        out = io.BytesIO()
        noise().save(out, kind, save_all=True, append_images=[noise(), noise()], duration=40, exif=exif())
        after = without_metadata(out.getvalue())
        assert SECRET not in after and Image.open(io.BytesIO(after)).n_frames == 3, kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_breaks_off_is_refused_or_shown_as_far_as_it_goes_and_keeps_no_secret(kind):
    content = KINDS[kind](6)
    refused = 0
    for length in range(0, len(content), 7):
        try:
            assert SECRET not in without_metadata(content[:length])
        except BadInput:
            refused += 1
    assert refused > 10


def test_what_is_no_picture_is_refused():
    for content in (b"", b"GIF89a", b"<svg/>", b"RIFF\0\0\0\0WAVE", b"\xff\xd8\xff"):
        with pytest.raises(BadInput):
            without_metadata(content)
