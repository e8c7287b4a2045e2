"""Health of one web process, asked as the proxy asks: does it answer, and does it reach the database? Exits 1 with a sentence where not.

Not `/healthz`'s verdict on the whole site: a bench worker that is away must not have the web server started again.
"""

import http.client
import json
import os
import sys

host = next(
    (name.lstrip(".") for name in os.environ.get("ALLOWED_HOSTS", "").split(",") if name.strip() not in ("", "*")),
    "127.0.0.1",
)
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=8)
try:
    connection.request("GET", "/healthz", headers={"Host": host.strip(), "X-Forwarded-Proto": "https"})
    answer = connection.getresponse()
    found = json.loads(answer.read())["checks"]["database"]
except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
    sys.exit(f"The web server does not answer as it should under {host}: {type(error).__name__}")
if found != "ok":
    sys.exit(f"database: {found}")
