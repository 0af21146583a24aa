"""A browser as small as the demo needs: it signs in, sends forms and reads pages of nodes on this machine."""

import hashlib
import http.client
import re
import time
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from fedishare.core import ids
from fedishare.core.errors import Invalid, Unreachable

PATIENCE_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.1
LOOPBACK: Final = "127.0.0.1"


class Page(NamedTuple):
    status: int
    path: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def find(self, pattern: str) -> str:
        """The first group of `pattern` on the page. Raises Invalid when it is not there."""
        found = re.search(pattern, self.text)
        if found is None:
            raise Invalid(
                f"the page {self.path} (status {self.status}) does not show what the demo looked for: {pattern}"
            )
        return found[1]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class Upload(NamedTuple):
    name: str
    media_type: str
    body: bytes


class Browser:
    """One person's browser on one node. The node's name need not be in any DNS: it is on this machine."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.address = address
        self._host, self._port = parts.netloc, parts.port or 80
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Page:
        return self._follow("GET", path, b"", {})

    def post(self, path: str, **fields: str) -> Page:
        body = urlencode(fields).encode()
        return self._follow("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def upload(self, path: str, fields: dict[str, str], files: list[tuple[str, Upload]]) -> Page:
        """Send a form with files, as browsers do (RFC 7578)."""
        edge = f"edge-{ids.secret(length=12)}"
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        for name, file in files:
            head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\r\n'
            parts.append(f"{head}Content-Type: {file.media_type}\r\n\r\n".encode() + file.body + b"\r\n")
        parts.append(f"--{edge}--\r\n".encode())
        return self._follow("POST", path, b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={edge}"})

    def wait_for(self, path: str, *wanted: str) -> Page:
        """Look at a page again and again until it shows everything wanted; Unreachable when it never does."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            page = self.get(path)
            missing = [word for word in wanted if word not in page.text]
            if not missing:
                return page
            if time.monotonic() > end:
                raise Unreachable(f"{self.address}{path} still does not show {missing[0]!r} (status {page.status})")
            time.sleep(PAUSE_SECONDS)

    def is_up(self) -> bool:
        try:
            return self._once("GET", "/healthz", b"", {}).status == http.client.OK
        except OSError:
            return False

    def _follow(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Page:
        for _ in range(5):
            page = self._once(method, path, body, headers)
            if page.status not in {301, 302, 303}:
                return page
            method, path, body, headers = "GET", page.body.decode(), b"", {}
        raise Invalid(f"{self.address}{path} leads round in circles")

    def _once(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Page:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=PATIENCE_SECONDS)
        sent = {"Host": self._host, "Accept": "text/html", "Origin": self.address} | headers
        if self._cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        try:
            connection.request(method, path, body=body or None, headers=sent)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            location = answer.headers.get("Location")
            read = answer.read()
            if location is not None:
                return Page(answer.status, path, location.removeprefix(self.address).encode() or b"/")
            return Page(answer.status, path, read)
        finally:
            connection.close()
