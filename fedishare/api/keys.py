"""What the application keeps for the API alone."""

from typing import Final

from aiohttp import web

from fedishare.api.kept import Kept
from fedishare.api.misses import Misses
from fedishare.api.rates import Left, Rates
from fedishare.api.standing import Watch

RATES: Final = web.AppKey("RATES", Rates)
MISSES: Final = web.AppKey("MISSES", Misses)
KEPT: Final = web.AppKey("KEPT", Kept)
WATCH: Final = web.AppKey("WATCH", Watch)

LEFT: Final = web.RequestKey("LEFT", Left)
