"""What every reader of zips from outside shares. The limits are each reader's own."""

import struct
import zipfile
import zlib

# All that Python's reader raises for a zip that is damaged, locked or packed in a way that it does not know (NotImplementedError).
DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, struct.error, ValueError,
    IndexError,  # of a member without a name
)  # fmt: skip


def is_usually_packed(entry: zipfile.ZipInfo) -> bool:
    """Stored or deflated. Other ways of packing may ask for gigabytes of memory before the first byte."""
    return entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def is_locked(entry: zipfile.ZipInfo) -> bool:
    return bool(entry.flag_bits & 0x1)
