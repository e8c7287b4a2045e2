"""Bytes of a list somebody sends (a roster, a stock) to text, and in which encoding they were. Workbooks and other containers are refused unopened."""

from courseplatform.core.errors import BadInput, TooLarge

MOST_BYTES = 4 << 20  # 5 000 people with 34 columns in UTF-16 are below it
EMPTY = "This file is empty. Choose the one that holds the list."
HOW = "Copy the cells in the spreadsheet and paste them here, or save it as CSV UTF-8 and choose that file."
CONTAINERS = (
    (b"PK\x03\x04", "excel_workbook", f"This is an Excel workbook (.xlsx) or another zip file, and it was not opened. {HOW}"),
    (b"\xd0\xcf\x11\xe0", "old_excel", f"This is an old binary Excel file (.xls), and it was not opened. {HOW}"),
    (b"%PDF", "pdf", "This is a PDF. Ask for the list as CSV, or paste its rows here."),
)  # fmt: skip
MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8 with a mark"),
    (b"\xff\xfe", "utf-16", "UTF-16 LE with a mark"),
    (b"\xfe\xff", "utf-16", "UTF-16 BE with a mark"),
)


def decode(data: bytes) -> tuple[str, str]:
    """The text, and its encoding in words.

    Raises:
        TooLarge: code `list_too_large`, more than MOST_BYTES.
        BadInput: `empty_file`, `excel_workbook`, `old_excel`, `pdf`, `broken_encoding`, or `nul` (text never holds one).
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(
            f"This file is larger than {MOST_BYTES >> 20} MiB, and no list here is. Nothing was read. Export only what belongs to this course.",
            code="list_too_large",
        )
    if not data.strip(b" \t\r\n\x00"):
        raise BadInput(EMPTY, code="empty_file")
    for magic, code, sentence in CONTAINERS:
        if data.startswith(magic):
            raise BadInput(sentence, code=code)
    text, words = _text(data)
    if "\x00" in text:
        raise BadInput(
            "This file holds NUL characters, which no text has: it is damaged, or not a table. Export it again.",
            code="nul",
        )
    return text.removeprefix("\ufeff"), words


def _text(data: bytes) -> tuple[str, str]:
    for mark, codec, words in MARKS:
        if data.startswith(mark):
            return _strictly(data, codec, words), words
    if codec := _utf_16_without_mark(data):
        words = f"UTF-16 {codec[-2:].upper()} without a mark"
        return _strictly(data, codec, words), words
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"


def _strictly(data: bytes, codec: str, words: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise BadInput(
            f"This file says that it is {words}, but it breaks off at byte {error.start}. Export it again.",
            code="broken_encoding",
        ) from error


def _utf_16_without_mark(data: bytes) -> str:
    """The header of a list is mostly ASCII: then every second byte is zero, and none of the others."""
    sample = data[:4096]
    pairs = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if pairs and odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    return "utf-16-be" if pairs and even > pairs * 0.4 and odd < pairs * 0.05 else ""
