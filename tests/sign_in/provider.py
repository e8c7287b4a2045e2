"""A provider of OpenID Connect to test against: a real HTTP server on loopback with keys, discovery, codes, tokens and a userinfo.

It refuses what Keycloak refuses: a code used twice, another redirect address, a verifier that does not fit the challenge. `claims` and `twist`
make it say what a wrong or a hostile one says; `faults` makes it fail as real ones do; `calls` says what was asked.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from jwcrypto.jwk import JWK

# Its own, the one after a rotation, and that of somebody who gives the same name to another key. Made once: each takes half a second.
KEYS = [JWK.generate(kty="RSA", size=2048, kid=kid, alg="RS256", use="sig") for kid in ("k1", "k2", "k1")]


class OidcProvider:
    def __init__(self):
        self.client_id, self.secret = "milliamp", "s3cret"
        self.keys, self.signs = [KEYS[0]], KEYS[0]
        self.person = {"sub": "u-1", "email": "ruth@example.edu", "email_verified": True, "name": "Ruth Adeyemi"}
        self.claims, self.twist, self.headers = {}, None, {}
        self.userinfo, self.config = None, {}
        self.codes, self.calls, self.faults, self.drip = {}, [], {}, None
        self.lock = threading.Lock()

    def start(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *args):
                return

            def do_GET(self):
                provider.answer(self, parse_qs(urlsplit(self.path).query), {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                provider.answer(self, {}, {name: values[0] for name, values in parse_qs(body).items()})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler, query, form):
        path = urlsplit(handler.path).path
        with self.lock:
            self.calls.append(path)
        if path in self.faults:
            return self._fault(handler, self.faults[path])
        found = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": lambda: {"keys": [key.export_public(as_dict=True) for key in self.keys]},
            "/token": lambda: self._token(form),
            "/userinfo": lambda: self.userinfo,
        }.get(path)
        if path == "/authorize":
            return self._authorize(handler, {name: values[0] for name, values in query.items()})
        said = found() if found else None
        return self._send(
            handler, 404 if said is None else 400 if "error" in said else 200, json.dumps(said or {}).encode()
        )

    def _fault(self, handler, fault):
        if fault == "drip":  # a byte now and then, for ever
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(300):
                try:
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
        elif fault == "hang":
            time.sleep(15)
        else:
            status, body = fault
            self._send(handler, status, body)

    @staticmethod
    def _send(handler, status, body, **headers):
        handler.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _discovery(self):
        return {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks", "userinfo_endpoint": f"{self.url}/userinfo", "end_session_endpoint": f"{self.url}/end",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        } | self.config  # fmt: skip

    def _authorize(self, handler, asked):
        """Everybody who comes is `person`, and says yes."""
        back = f"{asked['redirect_uri']}?{urlencode({'code': self.code_for(asked), 'state': asked['state']})}"
        self._send(handler, 302, b"", Location=back)

    def code_for(self, asked):
        code = secrets.token_urlsafe(12)
        self.codes[code] = dict(asked)
        return code

    def _token(self, form):
        asked = self.codes.pop(form.get("code"), None)  # a code works once
        if (
            asked is None
            or form.get("client_secret") != self.secret
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return {"error": "invalid_grant"}
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": self.token_for(asked)}

    def token_for(self, asked):
        now = int(time.time())
        claims = {"iss": self.url, "aud": self.client_id, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {name: value for name, value in (claims | self.person | self.claims).items() if value is not None}
        if self.twist:
            return self.twist(claims)
        key = self.signs.export_to_pem(private_key=True, password=None)
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": self.signs["kid"]} | self.headers)
