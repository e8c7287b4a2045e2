"""Which build this is. `courseplatform/cli/archive.py` writes the one of the file that is served."""

VERSION = "1.0.0+source"
