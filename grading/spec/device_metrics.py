"""Metrics that belong to the lab's first device: what a model needs there, and what a charge gives."""

DEVICE_METRICS: dict[str, tuple[str, str]] = {
    # metric: (unit on the page, basis: how the number is got), as METRICS in criteria.py
    "ram_needed_bytes": ("bytes", "counted"),
    "flash_needed_bytes": ("bytes", "counted"),
    # Inferences in a second, one after the other; of a pipeline, whole inputs.
    "frames_per_second": ("fps", "modelled"),
    # On one charge, by the convention of the course (`budget` of its course file).
    "battery_hours": ("hours", "modelled"),
    "inferences_per_charge": ("inferences", "modelled"),
    "mah_per_1000_inferences": ("mah", "modelled"),
}
DEVICE_WORDS = {
    "ram_needed_bytes": "RAM needed on the board",
    "flash_needed_bytes": "Flash needed on the board",
    "frames_per_second": "Frames per second",
    "battery_hours": "Hours on one charge",
    "inferences_per_charge": "Inferences on one charge",
    "mah_per_1000_inferences": "Charge of 1000 inferences",
}
# Of these more is better, of the others less.
MORE_OF_THE_DEVICE = frozenset({"frames_per_second", "battery_hours", "inferences_per_charge"})
FITS = "fits"  # what the rule of that name rests on: no metric of its own, but named among them where one is lacking
