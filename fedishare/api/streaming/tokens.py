"""Where an app that opens a stream shows its token: browsers can send no header with a WebSocket."""

from aiohttp import hdrs, web

from fedishare.api.routes import LONGEST_TOKEN, bearer_of


def shown(request: web.Request) -> str | None:
    """From the header, the address or the name of a protocol, whichever holds one. Only streams look there."""
    return bearer_of(request) or _cut(request.query.get("access_token")) or _cut(next(iter(protocols(request)), None))


def protocols(request: web.Request) -> list[str]:
    """What the other side offers to speak. One of it has to be chosen, or a browser gives up."""
    offered = ",".join(request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ()))
    return [name for each in offered.split(",") if (name := each.strip())]


def _cut(text: str | None) -> str | None:
    return text[: LONGEST_TOKEN + 1] if text else None
