"""Every bad file of tests/hostile/bad_files through `manage.py bench`. Prints a table and each breach; run by `make figures`.

    python -m tests.load.bad_files [PATTERN]

PATTERN: a regular expression; only files whose name it finds.
"""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.bad_files import every_case, trial
from tests.hostile.bad_files.case import Case

FILES_A_CALL = 40


def main() -> int:
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [case for case in every_case() if re.search(pattern, case.name)]
    print(
        f"{'kind':10} {'files':>6} {'refused':>8} {'ended':>6} {'measured':>9} {'slowest, s':>11} {'PSS, MiB':>9} {'breaches':>9}"
    )
    breaches = 0
    for kind in dict.fromkeys(_kind(case) for case in cases):
        breaches += _try_kind(kind, [case for case in cases if _kind(case) == kind])
    print(f"bad_files: {len(cases)} files, {breaches} breaches")
    return 1 if breaches or not cases else 0


def _kind(case: Case) -> str:
    return case.name.partition("-")[0]


def _try_kind(kind: str, cases: list[Case]) -> int:
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
    ended = counted["ended"]
    print(
        f"{kind:10} {len(cases):6} {counted['refused']:8} {ended:6} {counted['measured']:9} {slowest:11.1f} {memory:9} {len(found):9}",
        flush=True,
    )
    for name, faults in found.items():
        print(f"    {name}: {'; '.join(faults)}")
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
    sys.exit(main())
