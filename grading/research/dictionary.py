"""The columns of an export, with their units and what they say: the one list that the tables and their description are made of."""

from grading.spec.criteria import METRICS

ATTEMPT = (
    ("attempt", "", "a random name of the attempt, in this export only"),
    ("owner", "", "a random name of who handed it in, a person or a team, in this export only"),
    ("assignment", "", "A1, A2, ... in the order of their due times"),
    ("team_size", "people", "1, 2, 3 or 4+; empty where a group of this size would be small"),
    ("number", "", "which attempt of the owner: 1 to 5, or 6+"),
    ("hours_after_due", "hours", "when it came, after the due instant; negative before it; two weeks at most"),
    ("days_late", "days", "as the course's rule counts"),
    ("free_days_used", "days", "late days that were spent"),
    ("is_active", "0 or 1", "whether the grade rests on it"),
    ("format", "", "onnx, tflite, torchscript, torch_export; empty without a model"),
    ("outcome", "", "how its newest run ended: measured, refused, crashed, ..."),
    ("points", "points", "of the measured part, to half a point; empty without a result"),
    ("points_of", "points", "the most that the measured part gives"),
    ("latency_p50_ms", "ms", "median of a single inference on the benchmark machine, two significant digits"),
    ("latency_p90_ms", "ms", "the same, 90th percentile"),
    ("latency_p99_ms", "ms", "the same, 99th percentile"),
)
LATENCY = (
    ("attempt", "", "as in attempts.csv"),
    ("rank", "", "0 for the fastest; the order in which they were measured is left out"),
    ("latency_ms", "ms", "one inference, two significant digits; a random hundred of each run at most"),
)
MEASURED = tuple(
    (f"metric_{name}", unit, f"the metric {name}, two significant digits ({basis})")
    for name, (unit, basis) in sorted(METRICS.items())
)
TABLES = {"attempts": ATTEMPT + MEASURED, "latencies": LATENCY}
README = """An anonymous export of results, made by Milliamp.

attempts.csv and latencies.csv, and the same as JSON. dictionary.csv says what each column holds.

What was left out: names, addresses, names of files and teams, sections, all text that somebody wrote, dates, hashes, and everybody who did
not agree, where the course asks. An attempt of a team is here only if all its members agreed.

What was made coarse: times are hours after the due instant; sizes, counts, latencies and metrics have two significant digits.
Assignments with fewer than {fewest} owners are left out, and sizes of teams where fewer than {fewest} owners share one: {stay} attempts stay away.

Random names come from a key that was thrown away. They cannot be undone, and are other ones in each export. Whoever holds two exports of the
same course can still guess by the numbers which attempts are the same: give each receiver one.
"""
