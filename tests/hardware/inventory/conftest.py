"""A browser whose camera lies over a label."""

import pytest
import segno
from PIL import Image


@pytest.fixture(scope="module")
def chromium(live_server, tmp_path_factory):
    """The label is that of PI-01."""
    from tests.browsing import launched

    label = film(tmp_path_factory.mktemp("camera") / "label.y4m", f"{live_server.url}/t/odml/PI-01")
    camera = (f"--use-{one}-for-media-stream" for one in ("fake-ui", "fake-device"))
    with launched(*camera, f"--use-file-for-fake-video-capture={label}") as browser:
        yield browser


def film(path, address, frames=12):
    """A film of a label that lies a little turned in front of a camera, as Chromium's false camera plays it."""
    code = Image.new("L", (260, 260), 255)
    matrix = segno.make(address, error="m", micro=False).matrix
    one = 220 // len(matrix)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            code.paste(0 if dark else 255, (20 + x * one, 20 + y * one, 20 + (x + 1) * one, 20 + (y + 1) * one))
    scene = Image.new("L", (640, 480), 90)
    scene.paste(code.rotate(7, expand=True, fillcolor=90, resample=Image.Resampling.BICUBIC), (180, 90))
    grey, colour = scene.tobytes(), bytes([128]) * (640 * 480 // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + grey + colour) * frames)
    return path
