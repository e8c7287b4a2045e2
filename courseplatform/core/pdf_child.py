"""Opens one PDF and says what it is, as JSON on standard output. A process of its own: see pdfs.py. Imports nothing of ours."""

import json
import resource
import sys

CPU_S, MEMORY_BYTES = 8, 1 << 30


def facts(path: str) -> dict[str, object]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path, strict=False)
        if reader.is_encrypted:
            return {"error": "encrypted"}
        pages = len(reader.pages)
        if pages:
            reader.pages[0].mediabox  # noqa: B018 a page tree that leads nowhere fails here
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OSError) as error:
        return {"error": "damaged", "why": type(error).__name__}
    return {"pages": pages} if pages else {"error": "damaged", "why": "no page"}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes nothing
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    sys.stdout.write(json.dumps(facts(sys.argv[1])))
