"""What would change, line by line, in words that an instructor can check."""

from courseplatform.courses.course_file.difference import differences


def lines(old, new):
    return list(differences(old, new))


def test_a_short_list_of_plain_values_changes_as_a_whole():
    old = {"shapes": {"NCHW": [1, 3, 32, 32], "NHWC": [1, 32, 32, 3]}, "classes": ["0", "1"]}
    new = {"shapes": {"NCHW": [1, 1, 6, 6]}, "classes": ["a", "b", "c"]}
    assert lines(old, new) == [
        "~ shapes.NCHW: 1, 3, 32, 32 -> 1, 1, 6, 6",
        "- shapes.NHWC: 1, 32, 32, 3",
        "~ classes: 0, 1 -> a, b, c",
    ]
    assert lines({"steps": [[4096, 1], [16384, 0.5]]}, {"steps": [[4096, 1]]}) == [
        "~ steps: [4096, 1], [16384, 0.5] -> [4096, 1]"
    ]


def test_a_long_list_changes_entry_by_entry():
    long = [f"a topic of many words, number {n}" for n in range(9)]
    assert lines({"topics": long}, {"topics": long[:-1]}) == [f"- topics[{long[-1]}]: {long[-1]}"]


def test_a_list_within_an_entry_is_told_with_its_values():
    part = {"key": "family", "vary": ["depth", "width"]}
    assert lines([], [part]) == ["+ [family]: key family, vary [depth, width]"]
