"""What a board reaches the site through: passes each call on, keeps what was said, says calls twice, and says old ones again much later."""

import http.client
import random
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEPT, TIMEOUT_S = 400, 30.0
PASSED = ("Authorization", "Content-Type", "X-Content-SHA256", "Range", "Accept")
# The answer to the first of two holds a token that the second has made void, as that of any two machines would.
LAST_COUNTS = ("/enroll", "/token")


@dataclass(frozen=True)
class Call:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """As finish, or files."""
        words = self.path.partition("?")[0].removeprefix("/api/runner/v1/").split("/")
        return words[2] if len(words) > 2 else words[0]


class Line:
    """A server on an address of the bridge. twice: every call reaches the site two times, and the board hears one answer or the other."""

    def __init__(self, address: str, site_port: int, *, twice: bool, seed: int) -> None:
        self.site_port, self.twice, self.calls, self.said_twice = site_port, twice, 0, 0
        self.chance, self.kept = random.Random(seed), deque[Call](maxlen=KEPT)
        self.server = ThreadingHTTPServer((address, 0), type("Bound", (Handler,), {"line": self}))
        self.server.daemon_threads = True
        self.url = f"http://{address}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def say(self, call: Call) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the site's answer. Raises OSError and HTTPException."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site_port, timeout=TIMEOUT_S)
        try:
            connection.request(
                call.method, call.path, call.body or None, {**call.headers, "Host": f"127.0.0.1:{self.site_port}"}
            )
            answer = connection.getresponse()
            kept = {name: value for name in ("Content-Type", "Content-Range") if (value := answer.getheader(name))}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def passed(self, call: Call) -> tuple[int, dict[str, str], bytes]:
        self.calls += 1
        self.kept.append(call)
        first = self.say(call)
        if not self.twice:
            return first
        second = self.say(call)
        self.said_twice += 1
        return second if any(word in call.path for word in LAST_COUNTS) else self.chance.choice((first, second))

    def say_old_ones(self, most: int) -> dict[str, int]:
        """Late words: some calls that were made before, again. Returns how often each kind was answered well or refused, as `finish 410`."""
        found: dict[str, int] = {}
        for call in self.chance.sample(list(self.kept), min(most, len(self.kept))):
            try:
                status, _, _ = self.say(call)
            except (OSError, http.client.HTTPException):
                continue
            found[f"{call.name} {status}"] = found.get(f"{call.name} {status}", 0) + 1
        return found


class Handler(BaseHTTPRequestHandler):
    line: Line
    timeout = 60

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if len(body) < size:  # the line was cut in the middle of it
            return
        headers = {name: value for name in PASSED if (value := self.headers.get(name))}
        try:
            status, given, content = self.line.passed(Call(self.command, self.path, headers, body))
        except (OSError, http.client.HTTPException):
            status, given, content = 502, {}, b"the site is away"
        self.send_response(status)
        for name, value in given.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_GET = do_POST  # noqa: N815 as the library calls them

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # the board has gone in the middle of a call
            self.close_connection = True
