"""Environment variables: nonsense is refused with a sentence."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from courseplatform import env


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("off", False), ("TRUE", True), ("", True)])
def test_flags(monkeypatch, value, wanted):
    monkeypatch.setenv("X_FLAG", value)
    assert env.flag("X_FLAG", True) is wanted


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (lambda: env.flag("X", True), "maybe"),
        (lambda: env.number("X", 1), "ten"),
        (lambda: env.number("X", 1, least=5), "4"),
        (lambda: env.number("X", 1), "-1"),
        (lambda: env.choice("X", ("a", "b"), "a"), "c"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_the_variable(monkeypatch, reader, value):
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured) as refused:
        reader()
    assert "X is" in str(refused.value)


def test_the_embedded_secret_is_made_once_and_private(tmp_path):
    first = env.embedded_secret(tmp_path)
    assert env.embedded_secret(tmp_path) == first
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_directory_that_cannot_be_made_gives_a_secret_for_this_process(tmp_path):
    (tmp_path / "file").write_text("")
    assert len(env.embedded_secret(tmp_path / "file" / "below")) >= 50
