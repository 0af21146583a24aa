"""The document for app writers, served by the node that it is about."""

from typing import Annotated, Any, Final

from aiohttp import web

from fedishare.api.calls import Call
from fedishare.api.openapi import TOLD
from fedishare.api.routes import JSON, PUBLIC, Routes, Token

HOUR: Final = 3600

routes: Final = Routes()


@routes.runs("GET", "/api/fedishare/v1/openapi.json", scope=PUBLIC, token=Token.NONE)
async def show(request: web.Request, call: Call) -> Annotated[web.Response, dict[str, Any]]:  # noqa: ARG001 -- every endpoint has them
    """This API, as an OpenAPI 3.1 document."""
    headers = {"Content-Type": JSON, "Cache-Control": f"public, max-age={HOUR}"}
    return web.Response(body=request.app[TOLD].body(), headers=headers)
