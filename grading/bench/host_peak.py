"""The most that one core of this machine can do, so that what is claimed beyond it is known to be wrong.

An upper bound and no estimate: it must never be below what an honest model reaches.
"""

import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# Multiply-accumulates of one core in a cycle. x86: two units of 512 or 256 bits (Intel Optimization Reference Manual, tables of the
# FMA and VNNI throughputs; AMX: one tile product of 16 x 16 x 64 in 16 cycles). Arm: four units of 128 bits, as the widest cores have.
FLOATS = {"avx512f": 32, "fma": 16, "asimd": 16, "neon": 8}
HALVES = {"amx_bf16": 512, "avx512_bf16": 64, "avx512_fp16": 64, "asimdhp": 32, "bf16": 64}
BYTES = {"amx_int8": 1024, "avx512_vnni": 128, "avx_vnni": 64, "avx512bw": 128, "avx2": 64, "i8mm": 128, "asimddp": 64}
PLAIN = 8  # SSE, and whatever tells nothing of itself
# A clock is told without its boost, which at most doubles it.
BOOST, HIGHEST_HZ, UNTOLD_HZ = 2.0, 6.5e9, 6.5e9


def peak_macs_per_s(bits: float, cpuinfo: str | None = None) -> float:
    """Multiply-accumulates a second of one core, at most.

    Args:
        bits: of the narrowest weights. cpuinfo: the text of /proc/cpuinfo; None: of this machine.
    """
    text = _read() if cpuinfo is None else cpuinfo
    flags = set(" ".join(re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)).split())
    tables = [FLOATS, *([HALVES] if bits <= 16 else []), *([BYTES] if bits <= 8 else [])]
    each = max([PLAIN, *(count for table in tables for flag, count in table.items() if flag in flags)])
    clocks = [float(mhz) * 1e6 for mhz in re.findall(r"^cpu MHz\s*:\s*([\d.]+)$", text, re.MULTILINE)]
    clocks += [float(ghz) * 1e9 for ghz in re.findall(r"@ ([\d.]+)GHz", text)]
    return each * (min(max(clocks) * BOOST, HIGHEST_HZ) if clocks else UNTOLD_HZ)


def _read() -> str:
    try:
        return CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
