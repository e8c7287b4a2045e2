"""The tiers cloud, mobile and tiny of MIT 6.S965, to compare devices with. No devices: nothing is measured on them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).parent / "tiers.yaml"


@dataclass(frozen=True)
class Tier:
    """ram: ram_bytes as the lecture writes it.

    peak_gops: of the example, in 10^9 operations a second in its fastest type. power_mw: of the example under load.
    """

    slug: str
    name: str
    example: str
    ram_bytes: int
    ram: str
    storage: str
    peak_gops: float
    memory_bandwidth_mb_s: int
    power_mw: int
    source: str


@cache
def load_tiers() -> tuple[Tier, ...]:
    """Largest first."""
    return tuple(Tier(**row) for row in yaml.safe_load(FILE.read_text(encoding="utf-8")))
