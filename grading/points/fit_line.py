"""Whether a model fits the lab's device, as one line says and draws it. Pure."""

from courseplatform.core import numbers
from grading.points.drawing import Drawing, drawing_of
from grading.points.modelled import Fit
from grading.spec import Rule


def _sides(fit: Fit) -> list[tuple[str, int, int]]:
    """(what, needed, limit) in bytes, of what has a limit."""
    sides = [
        ("RAM", fit.ram_needed_bytes, fit.ram_limit_bytes),
        ("storage", fit.flash_needed_bytes, fit.flash_limit_bytes),
    ]
    return [side for side in sides if side[2]]


def fit_value(fit: Fit) -> str:
    """896 KiB of 1.00 MiB RAM, 356 KiB of 1.00 MiB storage."""
    found = [f"{numbers.size(needed)} of {numbers.size(limit)} {what}" for what, needed, limit in _sides(fit)]
    return ", ".join(found) or ("it does" if fit.fits else "it does not")


def fit_says(fit: Fit) -> str:
    """fits the STM32F746 with 128 KiB of RAM to spare; or all that is too much."""
    sides = _sides(fit)
    if not fit.fits:
        over = [f"{numbers.size(needed - limit)} of {what} too much" for what, needed, limit in sides if needed > limit]
        return "; ".join([*over, *([fit.why.rstrip(".")] if fit.why else [])]) or f"does not run on the {fit.name}"
    spare = " and ".join(f"{numbers.size(limit - needed)} of {what}" for what, needed, limit in sides)
    return f"fits the {fit.name}" + (f" with {spare} to spare" if spare else "")


def fit_drawing(fit: Fit) -> Drawing | None:
    """What is tighter, as a step at its limit. None where a runtime decided and the memory says nothing of it."""
    sides = _sides(fit)
    if not sides or fit.fits != all(needed <= limit for _, needed, limit in sides):
        return None
    _, needed, limit = max(sides, key=lambda side: side[1] / side[2])
    return drawing_of(Rule("at_most", value=float(limit)), float(needed), "bytes", None, (0.0, 1.25 * limit))
