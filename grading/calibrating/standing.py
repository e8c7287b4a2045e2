"""What speaks for a board before a new calibration of it is adopted: the course's own, or what was published of the same runtime."""

from dataclasses import dataclass

from grading.bench.cost.choice import Wanted, choose
from grading.bench.cost.coefficients import Coefficients, load_calibrations
from grading.calibrating.adopted import coefficients_of
from grading.calibrating.rows import ENGINES, speaks_for
from grading.models.refits import Refit
from hardware.models import BoardCalibration


@dataclass(frozen=True)
class Standing:
    """coefficients: None where nothing speaks. words: what, "" for nothing. is_own: fitted to the same networks on an earlier day."""

    coefficients: Coefficients | None = None
    words: str = ""
    is_own: bool = False


def standing_for(calibration: BoardCalibration) -> Standing:
    own = Refit.objects.filter(course=calibration.course, speaks_for=speaks_for(calibration)).adopted().first()
    if own is not None:
        return Standing(coefficients_of(own), f"Calibration {own.pk} of {own.fitted_at:%Y-%m-%d}", is_own=True)
    wanted = Wanted(
        calibration.device, calibration.board, ENGINES[calibration.runtime], calibration.precision, calibration.threads
    )
    found = choose(wanted, load_calibrations().groups)
    return Standing() if found is None else Standing(found.group, f"The published {found.group.group}")
