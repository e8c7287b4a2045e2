"""What this web process counts for Prometheus. Importing it after PROMETHEUS_MULTIPROC_DIR is set makes the processes count together.

Labels are kinds, names of routes and classes of status: never a path, a person or a course.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Close together around 300 ms, which pages and hand-ins of 1 MiB are to keep.
LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
MIB = 1 << 20
SIZES = ((MIB, "to_1_mib"), (10 * MIB, "to_10_mib"), (100 * MIB, "to_100_mib"))

here = CollectorRegistry()
requests = Histogram(
    "milliamp_request_seconds",
    "From the first line of ours to the answer, by kind of route.",
    ("kind", "method", "status"),
    buckets=LATENCY_S,
    registry=here,
)
in_flight = Gauge(
    "milliamp_requests_in_flight", "Requests that are being answered.", multiprocess_mode="livesum", registry=here
)
server_errors = Counter(
    "milliamp_server_errors", "Answers of 500 and above, by route; the probes excepted.", ("route",), registry=here
)
hand_ins = Histogram(
    "milliamp_hand_in_seconds",
    "From the last byte of a hand-in to its receipt, by size of the model.",
    ("size",),
    buckets=LATENCY_S,
    registry=here,
)


def method_of(method: str | None) -> str:
    """The words of HTTP; what a client makes up itself is one label for all."""
    return method if method in METHODS else "other"


def size_class(size_bytes: int) -> str:
    return next((name for most, name in SIZES if size_bytes <= most), "over_100_mib")
