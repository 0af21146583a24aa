"""Requests as an attacker writes them: down to the byte, signed over exactly what they say."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

from tests.live import signing
from tests.live.peers import AS2
from tests.live.signing import Key

POST_NAMES: Final = "(request-target) host date digest content-type"
Header = tuple[str, str]


class Shot(NamedTuple):
    """One request; `target` is what stands in the request line, and headers keep order and repeats."""

    target: str
    headers: tuple[Header, ...]
    body: bytes
    method: str = "POST"

    def with_header(self, name: str, value: str) -> "Shot":
        return self._replace(headers=(*self.headers, (name, value)))

    def without(self, name: str) -> "Shot":
        return self._replace(headers=tuple(h for h in self.headers if h[0].lower() != name.lower()))

    def wire(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        if not any(name.lower() in {"content-length", "transfer-encoding"} for name, _ in self.headers):
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append("Connection: close")
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + self.body


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def cavage(
    key: Key,
    activity: Any = None,
    *,
    at: datetime,
    host: str = "us.test",
    target: str = "/inbox",
    body: bytes | None = None,
    names: str = POST_NAMES,
    method: str = "POST",
    signed_target: str | None = None,
    headers: dict[str, str | None] | None = None,
    parameters: dict[str, str | None] | None = None,
    signature: str | None = None,
) -> Shot:
    """Signed as the older scheme has it. None takes a header or parameter away; parameters are given raw."""
    body = json.dumps(activity).encode() if body is None else body
    sent: dict[str, str | None] = {
        "Host": host,
        "Date": signing.http_date(at),
        "Digest": signing.digest(body),
        "Content-Type": signing.ACTIVITY,
        **(headers or {}),
    }
    stated: dict[str, str | None] = {"keyId": f'"{key.key_id}"', "algorithm": '"rsa-sha256"', "headers": f'"{names}"'}
    stated |= parameters or {}
    values = {name.lower(): (value or "").strip() for name, value in sent.items()}
    values |= {f"({name})": (value or "").strip('"') for name, value in stated.items()}
    values["(request-target)"] = f"{method.lower()} {signed_target or target}"
    base = "\n".join(f"{name}: {values.get(name, '')}" for name in names.split())
    if "signature" not in stated:
        stated["signature"] = f'"{key.sign(base)}"'
    text = ",".join(f"{name}={value}" for name, value in stated.items() if value is not None)
    fields = [(name, value) for name, value in sent.items() if value is not None]
    if signature != "":
        fields.append(("Signature", text if signature is None else signature))
    return Shot(target, tuple(fields), body, method)


def rfc9421(
    key: Key,
    activity: Any,
    *,
    at: datetime,
    host: str = "us.test",
    target: str = "/inbox",
    body: bytes | None = None,
    covered: str = '"@method" "@target-uri" "content-digest"',
    parameters: str | None = None,
    inputs: str = "sig1={}",
    signature: str = "sig1=:{}:",
    headers: dict[str, str | None] | None = None,
) -> Shot:
    """Signed as the newer scheme has it, over the components `covered`."""
    body = json.dumps(activity).encode() if body is None else body
    stated = parameters if parameters is not None else f';created={int(at.timestamp())};keyid="{key.key_id}"'
    sent: dict[str, str | None] = {
        "Host": host,
        "Content-Type": signing.ACTIVITY,
        "Content-Digest": f"sha-256=:{signing.digest(body).partition('=')[2]}:",
        **(headers or {}),
    }
    values = {"@method": "POST", "@target-uri": f"https://{host}{target}", "@authority": host, "@path": target}
    values |= {name.lower(): value or "" for name, value in sent.items()}
    lines = [f"{name}: {values.get(name.partition(';')[0].strip(chr(34)), '')}" for name in covered.split()]
    lines.append(f'"@signature-params": ({covered}){stated}')
    fields = [(name, value) for name, value in sent.items() if value is not None]
    fields.append(("Signature-Input", inputs.format(f"({covered}){stated}")))
    fields.append(("Signature", signature.format(key.sign("\n".join(lines)))))
    return Shot(target, tuple(fields), body)


def bare(activity: Any, *, host: str = "us.test", target: str = "/inbox", headers: Sequence[Header] = ()) -> Shot:
    """Not signed at all."""
    return Shot(target, (("Host", host), ("Content-Type", signing.ACTIVITY), *headers), json.dumps(activity).encode())


async def send(port: int, trust: ssl.SSLContext, wire: bytes, *, name: str = "us.test") -> Reply:
    """Put bytes on a connection of their own and read what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=name)
    try:
        writer.write(wire)
        await writer.drain()
        return await read(reader)
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


async def read(reader: asyncio.StreamReader) -> Reply:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    # Not to the end of the connection: a server may keep it open for the rest of what was announced.
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Reply(int(first.split(" ")[1]), headers, body)


def like(actor: str, *, of: str = "https://nowhere.good.test/notes/1", number: int) -> dict[str, Any]:
    """An activity that changes nothing: it is about a post that nobody here has."""
    origin = actor.partition("/users/")[0]
    return {"@context": AS2, "id": f"{origin}/likes/{number}", "type": "Like", "actor": actor, "object": of}
