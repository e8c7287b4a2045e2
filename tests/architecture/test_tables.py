"""Every column of a table has a name, at least for those who hear the page."""

import re

from tests.parts import ROOT


def test_no_column_is_without_a_name():
    empty = re.compile(r"<th\b[^>]*>\s*</th>")
    found = [
        str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*.html") if empty.search(path.read_text())
    ]
    assert found == []
