"""What is sent: real keys of one's own and of others for each part of an address, good bodies, and what Schemathesis makes up."""

from base64 import b64encode
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.courseplatform.uploads.builders import BODY, MODEL

FORM = "multipart/form-data"
PLACES = {
    "submission": "uuid", "run": "uuid", "piece": "uuid", "upload": "uuid", "course": "slug", "assignment": "slug", "part": "slug", "team": "slug",
    "kit": "slug", "rerun": "int", "case": "int", "take": "int",
}  # fmt: skip
TUS = {"Tus-Resumable": "1.0.0"}


def places_of(world, operation):
    """The parts of the address: first with Ruth's objects, then with one of somebody else's in the place of hers."""
    names = [one.name for one in operation.iter_parameters() if one.location.value == "path"]
    usual = {name: own(world, name) for name in names}
    rows = [usual] + [
        usual | {name: value} for name in names for value in world.others.get(f"<{PLACES[name]}:{name}>", ())
    ]
    return [{name: typed(name, value) for name, value in row.items()} for row in rows]


def own(world, name: str) -> str:
    return world.values[f"<{PLACES[name]}:{name}>"]


def typed(name: str, value: str):
    return int(value) if PLACES[name] == "int" else value


def good(world, name: str) -> list[dict]:
    """What succeeds for whoever may: bodies, headers and queries of an operation, by its name in the document."""
    key = str(UUID(int=7))
    about = ",".join(
        f"{word} {b64encode(value.encode()).decode()}"
        for word, value in (("filename", "model.onnx"), ("purpose", "hand_in"), ("target", "odml/lab1"))
    )
    part = {**TUS, "Upload-Offset": "0"}
    return {
        "submissions": [{"query": {"person": "zqmail-tariq@example.edu"}}, {"query": {"page_size": 1}}],
        "late_days": [{"query": {"person": "zqmail-tariq@example.edu"}}],
        "leaderboard": [{"query": {"by": "accuracy"}}, {"query": {"by": "nothing"}}],
        "loans": [{"query": {"open": "true"}}], "kits": [{"query": {"retired": "true"}}],
        "hardware": [{"query": {"q": "ZQ", "state": "all"}}], "damage_cases": [{"query": {"q": "boot", "state": "all"}}],
        "uploads": [{"query": {"purpose": "hand_in", "target": "odml/lab1"}}, {"query": {"purpose": "hand_in", "target": "tinyml/lab1"}}],
        "hand_in": [{"media_type": FORM, "body": {"upload_key": key, "without_model": "true"}}],
        "put_part": [{"media_type": FORM, "body": {"text": "Words.", "upload_key": key}}],
        "power_reading_add": [
            {"body": {"at": (timezone.now() - timedelta(days=1)).isoformat(), "label": "once", "used_mah": "3.5", "entry_key": key}}
        ],
        "damage_case_open": [{"body": {"tag": own_tag(world), "what": "The fan is loud."}}],
        "kit_add": [{"body": {"tag": "KIT-77", "name": "Another kit", "parts": [{"tag": "PI-01"}]}}],
        "kit_change": [{"body": {"note": "Counted."}}, {"body": {"is_retired": True}}],
        "damage_case_act": [{"body": {"note": "Looked at it."}}], "shelf_count_begin": [{"body": {"place": ""}}],
        "shelf_count_end": [{"body": {"is_ended": True}}], "shelf_count_scan": [{"body": {"code": "PI-01"}}],
        "upload_create": [
            {"headers": TUS | {"Upload-Length": str(len(MODEL)), "Upload-Metadata": about}, "media_type": BODY, "body": MODEL}
        ],
        "upload_append": [
            {"headers": part, "media_type": BODY, "body": MODEL},
            {"headers": part | {"Upload-Offset": "5"}, "media_type": BODY, "body": b"x"},
        ],
        "upload_head": [{"headers": TUS}], "upload_discard": [{"headers": TUS}],
    }.get(name, [])  # fmt: skip


def own_tag(world) -> str:
    return "PI-02"  # lent to Ruth by `stock_objects`


def made_up(operation, mode: GenerationMode, count: int) -> list:
    """So many cases of one operation, the same in each run. Positive: as the document says; negative: not as it says."""
    found: list = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case):
        found.append(case)

    collect()
    return list(islice(found, count))
