"""Every bad model of tests/hostile/bad_files through `manage.py bench`, and every bad document of tests/hostile/bad_documents through the
reader of its kind; then all of them to a running site by HTTP, through every door of their kind. Prints three tables and each breach; run by
`make figures`.

    python -m tests.load.bad_files [PATTERN | documents | http]

PATTERN: a regular expression; only models whose name it finds. documents, http: that part alone.
"""

import os
import re
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile.bad_files import every_case, trial
from tests.hostile.bad_files.case import Case
from tests.load.figures import figure, say, table
from tests.parts import ROOT

FILES_A_CALL = 40
TURNED, TURNED_HTTP = 60, 10  # copies of each good document with some bits changed
GOOD = ROOT / "grading" / "demo" / "models" / "digits-narrow.onnx"


def main() -> int:
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    if pattern == "http":
        return _over_http()
    unread = 0 if pattern not in ("", "documents") else _documents()
    if pattern == "documents":
        return 1 if unread else 0
    cases = [case for case in every_case() if re.search(pattern, case.name)]
    row = table("kind|10", "files", "refused", "ended", "measured", "slowest, s|.1f", "PSS, MiB", "breaches")
    breaches = 0
    for kind in dict.fromkeys(_kind(case) for case in cases):
        breaches += _try_kind(row, kind, [case for case in cases if _kind(case) == kind])
    say(f"{len(cases)} models, {breaches} breaches")
    wrong = bool(breaches or unread or not cases)
    return 1 if (not pattern and _over_http()) or wrong else 0


def _over_http() -> int:
    """1 where the site met one of them with a fault, was left with a run that is stuck, or does not measure a good model any more."""
    from tests.hostile.over_http.trial import HostileSite
    from tests.hostile.over_http.trial import table as tallied

    _set_up()
    from tests.hostile.bad_documents import every_document

    cases = [*every_document(TURNED_HTTP), *every_case()]
    with tempfile.TemporaryDirectory(prefix="milliamp-load-") as folder:
        site = HostileSite(Path(folder), senders=len(cases) // 10)
        try:
            site.send(cases)
            site.settle()
            is_alive, traces = site.is_alive(GOOD.read_bytes()), site.traces()
        finally:
            site.stop()
    say(tallied(site.tallies))
    wrong = {name: fault for one in site.tallies.values() for name, fault in one.breaches.items()}
    for name, fault in [*wrong.items(), *(("left", trace) for trace in traces)]:
        say(f"    {name}: {fault}")
    sent = sum(one.sent for one in site.tallies.values())
    say(
        f"over HTTP: {len(cases)} files sent {sent} times, {len(wrong)} breaches, a good model after it {'is' if is_alive else 'IS NOT'} measured"
    )
    return 1 if wrong or traces or not is_alive else 0


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()


def _documents() -> int:
    """How many breaches."""
    _set_up()
    from tests.hostile.bad_documents import every_document
    from tests.hostile.bad_documents.readers import told

    cases, breaches = every_document(TURNED), 0
    row = table("document|10", "files", "refused", "taken", "slowest, CPU s|.1f", "breaches")
    for kind in dict.fromkeys(_kind(case) for case in cases):
        with tempfile.TemporaryDirectory(prefix="milliamp-load-") as folder:
            found = {case.name: told(case, Path(folder)) for case in cases if _kind(case) == kind}
        wrong = {name: one.fault for name, one in found.items() if one.fault}
        refused = sum(bool(one.code) for one in found.values())
        slowest = max(one.cpu_s for one in found.values())
        row(kind, len(found), refused, len(found) - refused - len(wrong), slowest, len(wrong))
        for name, fault in wrong.items():
            say(f"    {name}: {fault}")
        breaches += len(wrong)
    most_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    say(f"{len(cases)} documents, {breaches} breaches, at most {most_mib} MiB in the process that reads them")
    return breaches


def _kind(case: Case) -> str:
    return case.name.partition("-")[0]


def _try_kind(row: Callable[..., None], kind: str, cases: list[Case]) -> int:
    counted: Counter[str] = Counter()
    slowest, memory, found = 0.0, 0, dict[str, list[str]]()
    for number, part in enumerate(_parts(cases)):
        with tempfile.TemporaryDirectory(prefix="milliamp-load-") as folder:
            done = trial.run(trial.write_all(part, Path(folder) / "files"), Path(folder))
        judged = trial.judge(done, part)
        found |= {f"call {number + 1}" if name == "call" else name: faults for name, faults in judged.items()}
        counted.update(map(_answer, done.rows))
        slowest = max([slowest, *done.seconds.values()])
        memory = max(memory, done.peak_pss_bytes >> 20)
    answers = (counted[word] for word in ("refused", "ended", "measured"))
    row(kind, len(cases), *answers, slowest, memory, len(found))
    for name, faults in found.items():
        say(f"    {name}: {'; '.join(faults)}")
    return len(found)


def _parts(cases: list[Case]) -> Iterator[list[Case]]:
    for start in range(0, len(cases), FILES_A_CALL):
        yield cases[start : start + FILES_A_CALL]


def _answer(row: dict) -> str:
    """ended: only the limits of the sandbox, or a crash in it, brought the answer."""
    if "error" not in row:
        return "measured"
    ends = (
        "crashed_",
        "timed_out",
        "out_of_memory",
        "output_flood",
        "too_many_processes",
        "forbidden_call",
        "forged_result",
    )
    return "ended" if row["error"]["code"].startswith(ends) else "refused"


if __name__ == "__main__":
    sys.exit(figure(main))
