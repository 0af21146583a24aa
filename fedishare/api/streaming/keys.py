"""What the application keeps for streams."""

from typing import Final

from aiohttp import web

from fedishare.api.streaming.hub import Hub

HUB: Final = web.AppKey("HUB", Hub)
