"""Two hundred people ask for twenty boards in the same second. Is anything promised twice? Prints a table; run by `make figures`.

    python -m tests.load.reservations [requests] [items] [sqlite|postgresql ...]

On a SQLite file and on PostgreSQL, through the services in threads and through HTTP at the pages as gunicorn serves them. Half of the
requests would wait, the other half are refused. Ranges of days overlap in many ways, so that plans are changed while they are asked for.
Latency is that of one request among all the others, waiting for the lock included. A double booking is looked for by comparing every two
bookings, without the code that plans them. At most sixty of the threads have a connection at a time, since PostgreSQL allows a hundred. Exit
status 1 where there is one, or where a request got neither an answer nor a refusal.
"""

import os
import random
import statistics
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from uuid import uuid4

from tests.load.figures import figure, numbers, say, table, words
from tests.load.line_workers import database_of, fresh, in_processes, scratch_folder, set_up

REQUESTS, ITEMS, CONNECTIONS = 200, 20, 60


def main() -> int:
    return in_processes(figures, words("sqlite", "postgresql"))


def figures(kind: str) -> None:
    requests, items = numbers(REQUESTS, ITEMS)
    with scratch_folder() as folder, database_of(kind) as database:
        set_up(database, Path(folder))
        from django.db import connection

        say(f"{connection.vendor}: {requests} requests at once for {items} items of one product")
        counted, times = (
            ("held", "waiting", "refused", "failed", "twice"),
            (f"{word}, ms|9.0f" for word in ("p50", "p95", "most")),
        )
        row = table("through|10", *counted, *times, "all, s|.1f")
        for name, ask_all in (("services", through_services), ("HTTP", through_http)):
            cast = fresh(Path(folder))
            product, people = stock_of(cast, requests, items)
            told, took_s, whole_s = ask_all(cast, product, people)
            found = Counter(told)
            twice = double_bookings()
            ms = [
                1000 * one for one in (statistics.median(took_s), sorted(took_s)[int(0.95 * len(took_s))], max(took_s))
            ]
            counts = [found["asked"], found["waiting"], found["refused"], found["failed"], twice]
            row(name, *counts, *ms, whole_s)
            assert twice == 0, "an item is promised twice"
            assert found["failed"] == 0 and sum(found.values()) == requests
            assert found["asked"] >= items, "fewer than the items that there are"


def stock_of(cast, requests: int, items: int):
    """One product with so many items, and so many students."""
    from courseplatform.accounts.models import User
    from courseplatform.courses.models import Enrolment, Role
    from tests.hardware.inventory.builders import items_of, product_of

    product = product_of(cast)
    items_of(cast, product, *(f"PI-{n:03}" for n in range(items)))
    people = User.objects.bulk_create(User(email=f"s{n}@example.edu", name=f"Student {n}") for n in range(requests))
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=one, role=Role.STUDENT) for one in people)
    return product, people


def range_of(number: int) -> tuple[int, int]:
    """In days from now: from a day to two weeks, within four weeks."""
    chance = random.Random(number)
    first = chance.randrange(1, 15)
    return first, first + chance.randrange(1, 15)


def through_services(cast, product, people) -> tuple[list[str], list[float], float]:
    """A thread and a connection each, all let go in the same instant."""
    from django.db import connection
    from django.utils import timezone

    from courseplatform.core.errors import Conflict
    from hardware.inventory.lending.eligibility import Borrower
    from hardware.inventory.services.reservations import reservation_make

    now, lanes = timezone.now(), threading.BoundedSemaphore(CONNECTIONS)

    def ask(number: int) -> str:
        with lanes:
            return ask_now(number)

    def ask_now(number: int) -> str:
        first, last = range_of(number)
        try:
            return reservation_make(
                visit=cast.visit(people[number]), borrower=Borrower(cast.course, person=people[number]), product=product, wait=number % 2 == 0,
                from_at=now + timedelta(days=first), until_at=now + timedelta(days=last), key=uuid4(),
            ).status  # fmt: skip
        except Conflict as error:
            return "refused" if error.code == "not_free" else "failed"
        finally:
            connection.close()

    return at_once(ask, len(people))


def through_http(cast, product, people) -> tuple[list[str], list[float], float]:
    """Forms sent to the pages over sockets: two gunicorn processes with sixteen threads each, as the product is served."""
    import re
    import subprocess

    import requests as http
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection
    from django.utils import timezone

    port = 20_000 + os.getpid() % 20_000
    options = f"-b 127.0.0.1:{port} -w 2 --threads 16 -t 300 --log-level error --backlog 512".split()
    command = [sys.executable, "-m", "gunicorn", "courseplatform.wsgi", *options]
    log = (Path(os.environ["MILLIAMP_TEST_DIR"]) / "gunicorn.log").open("w")
    server = subprocess.Popen(
        command, cwd=Path(__file__).resolve().parents[2], stderr=subprocess.DEVNULL
    )  # it logs each refusal
    address = f"http://127.0.0.1:{port}/courses/{cast.course.slug}/hardware/reserve/"
    try:
        while True:
            try:
                http.get(address, timeout=60)
                break
            except http.ConnectionError:  # not there yet; how slow the machine is beside it is not what is measured
                time.sleep(0.3)
        today, sessions = timezone.now().astimezone(cast.course.tz).date(), []
        for person in people:
            session = SessionStore()
            session["_auth_user_id"], session["_auth_user_hash"] = str(person.pk), person.get_session_auth_hash()
            session["_auth_user_backend"] = "courseplatform.accounts.backends.AccountBackend"
            session.save()
            sessions.append(session.session_key)
        token = "a" * 32  # of the double-submitted cookie: both sides of it are ours here
        connection.close()

        def ask(number: int) -> str:
            first, last = range_of(number)
            days = {"from_day": today + timedelta(days=first), "until_day": today + timedelta(days=last)}
            sent = {"thing": f"product-{product.pk}", "count": "1", "borrower": f"person-{people[number].pk}", "key": str(uuid4()),
                    "csrfmiddlewaretoken": token} | days | ({"wait": "on"} if number % 2 == 0 else {})  # fmt: skip
            jar = {"sessionid": sessions[number], "csrftoken": token}
            answer = http.post(
                address, data=sent, cookies=jar, headers={"Referer": address}, allow_redirects=False, timeout=300
            )
            if answer.status_code == 422:
                return "refused" if "join the waiting list" in answer.text else "failed"
            if answer.status_code != 302 or not re.search(r"/requests/\d+/$", answer.headers["Location"]):
                print(f"answered {answer.status_code}", file=sys.stderr)
                return "failed"
            return answer.headers["Location"].split("/")[-2]

        told, took_s, whole_s = at_once(ask, len(people))
        if "failed" in told:
            lines = Path(log.name).read_text().splitlines()
            print("\n".join(line[:2000] for line in lines if "Unprocessable" not in line), file=sys.stderr)
        return statuses(told), took_s, whole_s
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def statuses(told: list[str]) -> list[str]:
    from hardware.models import Reservation

    status = dict(Reservation.objects.values_list("pk", "status"))
    return [status[int(one)] if one.isdecimal() else one for one in told]


def at_once(ask, times: int) -> tuple[list[str], list[float], float]:
    """`ask(number)` in a thread each. Returns what they said, what each took, and what all took."""
    start, told, took_s = threading.Barrier(times + 1), [""] * times, [0.0] * times

    def body(number: int) -> None:
        start.wait()
        begun = time.perf_counter()
        try:
            told[number] = ask(number)
        except Exception as error:
            print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
            told[number] = "failed"
        took_s[number] = time.perf_counter() - begun

    threads = [threading.Thread(target=body, args=(number,)) for number in range(times)]
    for one in threads:
        one.start()
    start.wait()
    begun = time.perf_counter()
    for one in threads:
        one.join()
    return told, took_s, time.perf_counter() - begun


def double_bookings() -> int:
    """Pairs of active bookings of one item that overlap, and active ones without an item: every two are compared."""
    from hardware.models import Booking

    rows = list(Booking.objects.filter(is_active=True).values_list("item", "from_at", "until_at"))
    pairs = sum(one[0] == other[0] and one[1] < other[2] and other[1] < one[2] for one, other in combinations(rows, 2))
    return pairs + sum(item is None for item, _, _ in rows)


if __name__ == "__main__":
    sys.exit(figure(main))
