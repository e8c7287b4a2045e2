"""`-I tests.load.outages.bench_points`: a bench worker that can be caught."""

from tests.load.outages import points

points.in_bench_worker()
