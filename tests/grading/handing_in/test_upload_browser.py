"""The upload field in a browser: what it refuses before sending, it refuses in the words of the server."""

import pytest

from grading.handing_in.hand_in_rules import too_large_sentence
from grading.models.assignments import Assignment
from tests.people import SPEC

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
# A file of this size need not exist: the page looks at its name and size, and refuses.
DROP = """size => {
  const event = new Event("drop", { cancelable: true });
  event.dataTransfer = { files: [{ name: "model.onnx", size }] };
  document.querySelector("[data-upload]").dispatchEvent(event);
}"""


@pytest.fixture
def page(page_of, cast):
    return page_of(cast.ruth)


def test_a_file_that_is_too_large_is_told_its_size_in_the_words_of_the_server(page, cast):
    for limit in (600, 512 << 10, 1 << 20, 1_300_000, 64 << 20):
        Assignment.objects.filter(pk=cast.lab.pk).update(bench_spec={**SPEC, "max_bytes": limit})
        lab = Assignment.objects.get(pk=cast.lab.pk)
        page.goto(lab.get_absolute_url())
        for size in (limit + 1, 2 * limit, (1 << 20) + limit, 7 * (1 << 30)):
            page.evaluate(DROP, size)
            said = page.locator("[data-upload-error]").inner_text().strip()
            assert said == too_large_sentence(lab, size)
