"""`-I tests.load.outages.ordinary_points`: an ordinary worker that can be caught."""

from tests.load.outages import points

points.in_ordinary_worker()
