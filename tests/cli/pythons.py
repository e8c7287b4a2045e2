"""The Pythons that the program promises to run on, found where they are."""

import shutil
from pathlib import Path

import pytest

PROMISED = ("3.9", "3.10", "3.12", "3.13")


class Python:
    """One of them. missing: why it cannot be tried; empty where it can."""

    def __init__(self, version):
        found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        other = shutil.which(f"python{version}")
        self.path = str(found[-1]) if found else other or ""
        self.missing = "" if self.path else f"Python {version} is not on this machine"


PYTHONS = [pytest.param(Python(version), id=version) for version in PROMISED]
