"""The places of a pipeline's models in a browser: what is missing, what is refused, and the zip that the page makes of the files."""

import io
import zipfile

import pytest

from grading.bench.pipeline_zip import check, unpack
from grading.models import Submission
from tests.grading.pipelines.stages import TWO, cut_in_two
from tests.people import make_lab

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
PACK = """async (names) => {
  const members = names.map((name, n) => ({ name, file: new File([`model ${n} `.repeat(40000 * n + 1)], name) }));
  const zip = await Stages.pack(members, "both.zip");
  return [...new Uint8Array(await zip.arrayBuffer())];
}"""


@pytest.fixture
def page(page_of, cast):
    opened = page_of(cast.ruth)
    opened.goto(make_lab(cast.course, "two", bench_spec=TWO).get_absolute_url())
    return opened


def states(page):
    return page.locator("[data-stage-state]").all_inner_texts()


def test_models_dropped_one_by_one_become_one_hand_in(page, tmp_path):
    encode, classify = cut_in_two(tmp_path)
    field, go = page.locator("#hand-in input[type=file]"), page.locator("[data-stages-go]")
    assert states(page) == ["encode.onnx: still missing", "classify.onnx: still missing"]
    assert go.is_hidden()
    field.set_input_files(str(classify))
    assert states(page)[1].startswith("classify.onnx, ")
    (tmp_path / "extra.onnx").write_bytes(b"x")
    field.set_input_files(str(tmp_path / "extra.onnx"))
    said = page.locator("[data-upload-error]").inner_text().strip()
    assert (
        said
        == "extra.onnx is the model of no stage. The stages are encode, classify: each file is called as its stage."
    )
    field.set_input_files(str(encode))
    go.click()
    page.wait_for_url("**/receipts/**")
    submission = Submission.objects.get()
    assert (submission.format, submission.file_name) == ("pipeline", "two.zip")
    with zipfile.ZipFile(submission.model_file.path) as archive:
        assert archive.testzip() is None
        assert archive.read("encode.onnx") == encode.read_bytes()
        assert archive.namelist() == ["encode.onnx", "classify.onnx"]


def test_a_model_that_is_taken_out_is_missing_again(page, tmp_path):
    page.locator("#hand-in input[type=file]").set_input_files([str(path) for path in cut_in_two(tmp_path)])
    assert page.locator("[data-stages-go]").is_visible()
    page.locator("[data-stage=encode] button").click()
    assert states(page)[0] == "encode.onnx: still missing"
    assert page.locator("[data-stages-go]").is_hidden()


def test_the_zip_of_the_page_is_one_that_the_server_reads_and_always_the_same(page, tmp_path):
    names = ["encode.onnx", "classify.onnx"]
    made, again = (bytes(page.evaluate(PACK, names)) for _ in range(2))
    assert made == again
    path = tmp_path / "both.zip"
    path.write_bytes(made)
    files = unpack(path, check(path, ["encode", "classify"], ["onnx"], 1 << 20), tmp_path, 1 << 20)
    assert files["classify"].read_bytes() == b"model 1 " * 40001
    assert zipfile.ZipFile(io.BytesIO(made)).testzip() is None
