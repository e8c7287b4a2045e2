"""The sweep of the cost model as what a board is sent."""

from functools import cache, partial

from grading.bench.cost import sweep
from grading.bench.report import report_of
from hardware.runners.calibrating import Network


@cache
def networks(runtime: str, precision: str) -> dict[str, Network]:
    """Those that the runtime can run, as agents call it. Counted once a process; a file is written when a part is made."""
    return {name: _sent(one, runtime, precision) for name, one in sweep.networks().items() if one.is_for(runtime)}


def _sent(one: sweep.Network, runtime: str, precision: str) -> Network:
    macs = report_of(one.graph(), size=0, sha256="").macs
    return Network(one.name, one.family, one.is_whole, macs, partial(one.file, runtime, precision))
