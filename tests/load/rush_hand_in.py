"""What a hand-in of a 1 MiB model costs the server, call by call, on the processor alone: the sequence of static/js/upload.js.

python -m tests.load.rush_hand_in FILE [profile CALL]

Called in the settings of a site with a class (rush_class.py), as rush_pages.py: process_time of the one process that does all the work. The
waiting for the disk is told beside it, since a hand-in is durable before its receipt leaves.
"""

import hashlib
import json
import os
import statistics
import sys
import time
import uuid
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.load.rush_pages import HOME, clients
from tests.load.rush_visitors import Models

SIZE, ASKING, FIRST = 1 << 20, 40, 4
CALLS = ("listing", "announce", "where", "piece", "hand-in")
Call = Callable[[], Any]


def main(file: Path, profiled: str = "") -> int:
    import django

    django.setup()
    from courseplatform.core.web_worker import keep_what_is_loaded

    told = json.loads(file.read_text())
    # The last of the class: the pages are asked for by the first, who have then handed in nothing.
    asked, models = clients(told["people"][-ASKING - FIRST :]), Models(int(time.time()), SIZE)
    for number, (client, _) in enumerate(asked[:FIRST]):
        sequence(client, told["target"], models.of(number, SIZE), lambda _, call: call())
    keep_what_is_loaded()
    watch = Watch(profiled)
    for number, (client, _) in enumerate(asked[FIRST:]):
        sequence(client, told["target"], models.of(FIRST + number, SIZE), watch)
    watch.tell()
    return 0


class Watch:
    """What each call took: {call: [(ms of CPU, ms by the clock, queries)]}."""

    def __init__(self, profiled: str) -> None:
        import cProfile

        self.profiled, self.profile = profiled, cProfile.Profile()
        self.rows: dict[str, list[tuple[float, float, int]]] = defaultdict(list)

    def __call__(self, name: str, call: Call) -> Any:
        from django.db import connection

        queries: list[str] = []

        def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            queries.append(sql)
            return execute(sql, params, many, context)

        if name == self.profiled:
            self.profile.enable()
        with connection.execute_wrapper(count):
            cpu, wall = time.process_time(), time.perf_counter()
            answer = call()
            self.rows[name].append(
                (1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall), len(queries))
            )
        self.profile.disable()
        if os.environ.get("SHOW_QUERIES") == name and len(self.rows[name]) == 1:
            print("\n".join(queries))
        return answer

    def tell(self) -> None:
        print(f"{'call':12}{'queries':>9}{'CPU, ms':>9}{'clock, ms':>11}{'p95':>8}")
        for name in CALLS:
            cpu, wall, queries = zip(*self.rows[name], strict=True)
            p95 = sorted(wall)[int(0.95 * len(wall))]
            print(f"{name:12}{max(queries):9}{statistics.mean(cpu):9.1f}{statistics.mean(wall):11.1f}{p95:8.1f}")
        print(f"{'all':12}{'':9}{sum(statistics.mean(row[0] for row in self.rows[name]) for name in CALLS):9.1f}")
        if self.profiled:
            import pstats

            pstats.Stats(self.profile).sort_stats("tottime").print_stats(40)
            pstats.Stats(self.profile).sort_stats("cumtime").print_stats(110)


def sequence(client: Any, target: str, content: bytes, watch: Callable[[str, Call], Any]) -> None:
    tus = {"Tus-Resumable": "1.0.0", "Accept": "application/json"}
    watch("listing", lambda: checked(client.get(f"/uploads/?purpose=hand_in&target={target}", headers=tus)))
    words = {
        "filename": "model.onnx",
        "purpose": "hand_in",
        "target": target,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    meta = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in words.items())
    announced = tus | {"Upload-Length": str(len(content)), "Upload-Metadata": meta}
    made = watch("announce", lambda: checked(client.post("/uploads/", headers=announced)))
    where = made["Location"]
    watch("where", lambda: checked(client.head(where, headers=tus)))
    sent = {"content_type": "application/offset+octet-stream", "headers": tus | {"Upload-Offset": "0"}}
    watch("piece", lambda: checked(client.patch(where, content, **sent)))
    fields = {"upload_key": str(uuid.uuid4()), "upload_id": made.json()["id"]}
    watch(
        "hand-in",
        lambda: checked(
            client.post(f"{HOME}assignments/lab3/hand-in/", fields, headers={"Accept": "application/json"})
        ),
    )


def checked(answer: Any) -> Any:
    assert answer.status_code in (200, 201, 204), (answer.status_code, answer.content[:300])
    return answer


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    sys.exit(main(Path(sys.argv[1]), " ".join(sys.argv[3:])))
