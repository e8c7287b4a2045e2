"""An LMS to test against: a real HTTP server on loopback, with keys, sign-in, tokens, gradebook and list of names.

It refuses what Canvas refuses: a client assertion used twice or signed by somebody else, a missing scope, a wrong content type, a score
that is not newer than the last. `faults` makes it fail as real ones do; `calls` says what was asked.
"""

import json
import re
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from jwcrypto.jwk import JWK

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
NAMES = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ALL_SCOPES = [f"{AGS}lineitem", f"{AGS}result.readonly", f"{AGS}score", NAMES]
ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
PAGE = 2
# Of the platform, and of somebody who gives the same name to another key. Made once: two of them take a second.
KEYS = [JWK.generate(kty="RSA", size=2048, kid="platform-1", alg="RS256", use="sig") for _ in range(2)]


@dataclass
class Refused(Exception):
    status: int
    why: str = ""
    headers: dict = field(default_factory=dict)


class LMS:
    """One LMS with one course. `client_id`, `deployment_id` and the tool's key set are what its administrator has entered."""

    def __init__(self):
        self.client_id, self.deployment_id = "10000000000042", "1:abcdef"
        self.context = {"id": "course-1", "title": "ODML in Canvas"}
        self.key, self.stranger = KEYS
        self.tool_keys = lambda: {"keys": []}
        self.tool_launch_path = "/lti/launch/"
        self.scopes = list(ALL_SCOPES)
        self.people, self.items, self.scores, self.tokens, self.used_jtis = {}, {}, {}, {}, set()
        self.calls, self.faults, self.token_seconds = [], [], 3600
        self.takes_percent, self.due = 0, None  # a late policy of its own
        self.tool_url = self.returned = ""
        self.lock = threading.RLock()

    def start(self):
        lms = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                lms.handle(self, "GET")

            def do_POST(self):
                lms.handle(self, "POST")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.issuer = self.url
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # -- people and messages --------------------------------------------------------------------------------------

    def person(self, name, sub="", email=None, roles=("Learner",), status="Active", **more):
        """`email`: none of them tells no address."""
        sub = sub or f"sub-{name.lower()}"
        first, _, last = name.partition(" ")
        self.people[sub] = {
            "user_id": sub, "name": name, "given_name": first, "family_name": last or "Student", "status": status,
            "email": f"{first.lower()}@example.edu" if email is None else email,
            "roles": [role if role.startswith("http") else ROLE + role for role in roles], **more,
        }  # fmt: skip
        return sub

    def claims(self, sub, nonce, **changes):
        person, now = self.people[sub], int(time.time())
        found = {
            "iss": self.issuer, "aud": self.client_id, "sub": sub, "nonce": nonce, "iat": now, "exp": now + 300,
            "name": person["name"], "given_name": person["given_name"], "family_name": person["family_name"],
            **({"email": person["email"]} if person["email"] else {}),
            f"{CLAIM}message_type": "LtiResourceLinkRequest", f"{CLAIM}version": "1.3.0", f"{CLAIM}deployment_id": self.deployment_id,
            f"{CLAIM}target_link_uri": "https://tool.example.edu/lti/launch/", f"{CLAIM}resource_link": {"id": "nav"},
            f"{CLAIM}roles": person["roles"], f"{CLAIM}context": self.context,
            "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {"scope": self.scopes, "lineitems": f"{self.url}/api/lineitems"},
            "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {"context_memberships_url": f"{self.url}/api/members"},
        }  # fmt: skip
        found |= changes
        return {name: value for name, value in found.items() if value is not None}

    def sign(self, claims, key=None):
        key = key or self.key
        return jwt.encode(
            claims, key.export_to_pem(private_key=True, password=None), algorithm="RS256", headers={"kid": "platform-1"}
        )

    def deep_link_claims(self, **settings):
        return {
            f"{CLAIM}message_type": "LtiDeepLinkingRequest", f"{CLAIM}resource_link": None,
            "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {
                "deep_link_return_url": f"{self.url}/deep-link-return", "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["iframe", "window"], "accept_multiple": True, "data": "opaque-7",
            } | settings,
        }  # fmt: skip

    # -- the server -------------------------------------------------------------------------------------------------

    def handle(self, handler, method):
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self.lock:
            self.calls.append((method, parts.path, body.decode()))
            if parts.path in ("/auth", "/course", "/deep-link-return"):
                return self.page_of_browsers(handler, parts, body)
            try:
                if self.faults and (fault := self.faults[0])[0] in parts.path:
                    self.faults.pop(0)
                    if fault[1] == 0:
                        handler.connection.close()
                        return None
                    if isinstance(fault[1], bytes):  # an answer that no honest LMS gives
                        return self.raw(handler, fault[1], fault[2] if len(fault) > 2 else {})
                    if not isinstance(fault[1], int):  # something that happens while the request is on its way
                        fault[1]()
                    else:
                        raise Refused(fault[1], headers=fault[2] if len(fault) > 2 else {})
                status, answer, headers = self.route(method, parts, body, handler.headers)
            except Refused as refused:
                status, answer, headers = refused.status, {"error": refused.why}, refused.headers
        return self.raw(handler, json.dumps(answer).encode() if answer is not None else b"", headers, status)

    def raw(self, handler, data, headers, status=200):
        try:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass

    def page_of_browsers(self, handler, parts, body):
        """What a browser sees of an LMS: a course with our tool in a frame, the sign-in that answers by itself, and the way back."""
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/course":
            asked = urlencode(
                {
                    "iss": self.issuer,
                    "client_id": self.client_id,
                    "login_hint": query["as"],
                    "lti_message_hint": query.get("pick", ""),
                }
            )
            text = f'<h1>A course in the LMS</h1><iframe title="tool" width="900" height="500" src="{self.tool_url}/lti/login/?{asked}"></iframe>'
        elif parts.path == "/auth":
            changes = self.deep_link_claims() if query.get("lti_message_hint") else {}
            token = self.sign(self.claims(query["login_hint"], query["nonce"], **changes))
            text = (
                f'<form method="post" action="{query["redirect_uri"]}"><input name="state" value="{query["state"]}">'
                f'<input name="id_token" value="{token}"></form><script>document.forms[0].submit()</script>'
            )
        else:
            self.returned = parse_qs(body.decode())["JWT"][0]
            text = "<h1>Placed</h1>"
        data = text.encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
        return

    def route(self, method, parts, body, headers):
        path, query = parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}
        if path == "/jwks":
            return 200, {"keys": [json.loads(self.key.export_public())]}, {}
        if path == "/token":
            return 200, self.token({name: values[0] for name, values in parse_qs(body.decode()).items()}), {}
        if path == "/configuration":
            return 200, self.configuration(), {}
        if path == "/register":
            return 200, self.registered(json.loads(body), headers), {}
        if path == "/api/members":
            self.need(headers, NAMES)
            return self.page(
                path,
                query,
                list(self.people.values()),
                lambda rows: {"id": path, "context": self.context, "members": rows},
            )
        if path == "/api/lineitems" and method == "GET":
            self.need(headers, f"{AGS}lineitem")
            return self.page(path, query, list(self.items.values()), lambda rows: rows)
        if path == "/api/lineitems":
            self.need(headers, f"{AGS}lineitem")
            return 201, self.item_make(json.loads(body), headers), {}
        if found := re.fullmatch(r"/api/lineitems/(\d+)/(scores|results)", path):
            return self.of_item(method, *found.groups(), query, body, headers)
        raise Refused(404, "no such page")

    def page(self, path, query, rows, shape):
        start = int(query.get("start", 0))
        more = start + PAGE < len(rows)
        link = {"Link": f'<{self.url}{path}?start={start + PAGE}>; rel="next"'} if more else {}
        return 200, shape(rows[start : start + PAGE]), link

    def token(self, form):
        assertion = form["client_assertion"]
        header = jwt.get_unverified_header(assertion)
        key = next((one for one in self.tool_keys()["keys"] if one["kid"] == header.get("kid")), None)
        if key is None:
            raise Refused(401, "unknown key")
        try:
            said = jwt.decode(
                assertion, JWK(**key).export_to_pem(), algorithms=["RS256"], audience=f"{self.url}/token",
                options={"require": ["exp", "iat", "jti", "iss", "sub"]},
            )  # fmt: skip
        except jwt.InvalidTokenError as error:
            raise Refused(401, str(error)) from error
        if said["iss"] != self.client_id or said["sub"] != self.client_id or said["jti"] in self.used_jtis:
            raise Refused(401, "assertion refused")
        self.used_jtis.add(said["jti"])
        asked = form["scope"].split()
        if not set(asked) <= set(self.scopes):
            raise Refused(400, "invalid_scope")
        token = uuid.uuid4().hex
        self.tokens[token] = (set(asked), time.monotonic() + self.token_seconds)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds, "scope": form["scope"]}

    def need(self, headers, scope):
        scopes, end = self.tokens.get(headers.get("Authorization", "").removeprefix("Bearer "), (set(), 0))
        if end < time.monotonic():
            raise Refused(401, "token expired")
        if scope not in scopes or scope not in self.scopes:
            raise Refused(403, "scope missing")

    def item_make(self, item, headers):
        if headers["Content-Type"] != ITEM_TYPE:
            raise Refused(415, "content type")
        pk = len(self.items) + 1
        self.items[pk] = item | {"id": f"{self.url}/api/lineitems/{pk}"}
        return self.items[pk]

    def of_item(self, method, pk, what, query, body, headers):
        self.need(headers, f"{AGS}score" if what == "scores" else f"{AGS}result.readonly")
        if int(pk) not in self.items:
            raise Refused(404, "line item gone")
        if what == "results":
            rows = [self.result(sub, kept[-1]) for (item, sub), kept in self.scores.items() if item == int(pk)]
            return self.page(f"/api/lineitems/{pk}/results", query, rows, lambda found: found)
        if headers["Content-Type"] != SCORE_TYPE:
            raise Refused(415, "content type")
        score = json.loads(body)
        missing = {
            "userId",
            "timestamp",
            "activityProgress",
            "gradingProgress",
            "scoreGiven",
            "scoreMaximum",
        } - score.keys()
        if missing or not score["timestamp"].endswith("Z"):
            raise Refused(400, f"missing {missing}")
        if score["userId"] not in self.people:
            raise Refused(422, "user not found in course")
        kept = self.scores.setdefault((int(pk), score["userId"]), [])
        if kept and score["timestamp"] <= kept[-1]["timestamp"]:
            raise Refused(409, "not newer")
        kept.append(score)
        return 200, {"resultUrl": "x"}, {}

    def result(self, sub, score):
        given = score["scoreGiven"]
        at = score.get("submission", {}).get("submittedAt")
        if self.due and at and datetime.fromisoformat(at) > self.due:
            given = round(given * (100 - self.takes_percent) / 100, 4)
        return {"userId": sub, "resultScore": given, "resultMaximum": score["scoreMaximum"]}

    def configuration(self):
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.url}/auth", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks", "registration_endpoint": f"{self.url}/register",
            "https://purl.imsglobal.org/spec/lti-platform-configuration": {"product_family_code": "moodle"},
        }  # fmt: skip

    def registered(self, asked, headers):
        if headers.get("Authorization") != "Bearer one-time":
            raise Refused(401, "registration token")
        tool = "https://purl.imsglobal.org/spec/lti-tool-configuration"
        return asked | {"client_id": "registered-1", tool: asked[tool] | {"deployment_id": "7"}}

    # -- what tests ask ---------------------------------------------------------------------------------------------

    def sent(self, sub, item=1):
        return self.scores.get((item, sub), [])

    def expire_tokens(self):
        self.tokens.clear()

    def count(self, path, method="POST"):
        return sum(1 for call in self.calls if call[0] == method and path in call[1])


@contextmanager
def running():
    lms = LMS().start()
    try:
        yield lms
    finally:
        lms.stop()
