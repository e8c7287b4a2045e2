"""What students open around a deadline, and how often; and what each page costs the server, on the processor alone.

python -m tests.load.rush_pages FILE [profile NAME]

Called in the settings of a site with a class (rush_class.py). Every page is asked for as a browser asks, compressed, by 60 different students, after a first
round that is not counted: time.process_time of the one process that does all the work, the database included where that is SQLite.
"""

import gzip
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

HOME = "/courses/demo/"
# Page -> (share of all, address). `{run}` is a result of the one who asks.
MIX = {
    "course home": (0.25, HOME),
    "lab": (0.25, f"{HOME}assignments/lab3/"),
    "result": (0.15, f"{HOME}runs/{{run}}/"),
    "schedule": (0.10, f"{HOME}schedule/"),
    "late days": (0.05, f"{HOME}late-days/"),
    "my grades": (0.10, f"{HOME}grades/"),
    "notifications": (0.10, "/notifications/"),
}
POLL = f"{HOME}runs/{{open}}/live/"
ASKING = 60


def main(file: Path, profiled: str = "") -> int:
    import django

    django.setup()
    from courseplatform.core.web_worker import keep_what_is_loaded

    people = json.loads(file.read_text())["people"][:ASKING]
    asked = clients(people)
    for name in MIX:
        for client, person in asked[:4]:
            fetch(client, name, person)
    keep_what_is_loaded()  # as a worker of the web server does
    if profiled:
        return profile(asked, profiled)
    total = 0.0
    print(f"{'page':16}{'share':>7}{'queries':>9}{'CPU, ms':>9}{'p95':>7}{'KiB':>7}{'sent, KiB':>11}")
    for name, (share, _) in MIX.items():
        row = cost(asked, name)
        total += share * row["ms"]
        print(
            f"{name:16}{share:7.0%}{row['queries']:9.0f}{row['ms']:9.1f}{row['p95']:7.1f}{row['kib']:7.0f}{row['sent']:11.1f}"
        )
    print(f"{'of the mix':16}{'':7}{'':9}{total:9.1f}")
    return 0


def clients(people: list[dict[str, Any]]) -> list[tuple[Any, dict[str, Any]]]:
    from django.conf import settings
    from django.test import Client

    found, handler = [], Client(SERVER_NAME="127.0.0.1").handler  # one handler: each would load the middleware anew
    for person in people:
        client = Client(SERVER_NAME="127.0.0.1")
        client.handler = handler
        client.cookies[settings.SESSION_COOKIE_NAME] = person["cookie"]
        found.append((client, person))
    return found


def fetch(client: Any, name: str, person: dict[str, Any]) -> Any:
    path = POLL if name == "poll" else MIX[name][1]
    address = path.format(run=person["runs"][0], open=person["runs"][1])
    answer = client.get(address, headers={"Accept-Encoding": "gzip", "HX-Request": "true" if name == "poll" else ""})
    assert answer.status_code == 200, (name, address, answer.status_code)
    return answer


def cost(asked: list[Any], name: str) -> dict[str, float]:
    from django.db import connection

    queries: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        sent = fetch(asked[0][0], name, asked[0][1]).content
    taken = []
    for client, person in asked:
        begun = time.process_time()
        fetch(client, name, person)
        taken.append(1000 * (time.process_time() - begun))
    return {
        "queries": len(queries), "ms": statistics.mean(taken), "p95": sorted(taken)[int(0.95 * len(taken))],
        "kib": len(gzip.decompress(sent)) / 1024, "sent": len(sent) / 1024,
    }  # fmt: skip


def profile(asked: list[Any], name: str) -> int:
    import cProfile
    import pstats

    names = list(MIX) if name == "all" else [name]
    watch = cProfile.Profile()
    watch.enable()
    for one in names:
        for client, person in asked[:40]:
            fetch(client, one, person)
    watch.disable()
    pstats.Stats(watch).sort_stats("tottime").print_stats(45)
    pstats.Stats(watch).sort_stats("cumtime").print_stats(140)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    sys.exit(main(Path(sys.argv[1]), " ".join(sys.argv[3:])))
