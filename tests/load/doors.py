"""Where a load or a fault reaches a site: a port of this machine; and behind it the site itself, or a proxy that knows it by name and speaks TLS."""

import functools
import http.client
import socket
import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Door:
    """host: the site's own name, of a door with TLS. authority: who signed its certificate, as PEM."""

    port: int
    host: str = ""
    authority: str = ""

    @functools.cached_property
    def tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cadata=self.authority) if self.authority else None

    @property
    def url(self) -> str:
        return f"https://{self.host}" if self.authority else f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """Through TLS a form also says where it comes from, as a browser does."""
        if not self.authority:
            return {"Host": f"127.0.0.1:{self.port}"}
        return {"Host": self.host, "Referer": f"{self.url}/"}

    def cookie(self, name: str, value: str) -> str:
        """Behind TLS a cookie is bound to its host."""
        return f"{'__Host-' if self.authority else ''}{name}={value}"

    def line(self, timeout_s: float) -> http.client.HTTPConnection:
        """A connection that is open already. Raises OSError."""
        found = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)
        found.sock = self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain
        return found
