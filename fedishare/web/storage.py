"""How much room the files of the node take up, and whose they are: for administrators."""

from typing import Final

from aiohttp import web

from fedishare.http.keys import DATABASE, SETTINGS, STORAGE
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import room_left

routes: Final = Routes()


@routes.get("/storage", allow=Allow.ADMINS)
async def show(request: web.Request) -> web.Response:
    use, settings = await request.app[DATABASE].read(room_left.use), request.app[SETTINGS]
    waiting, refused = await request.app[DATABASE].read(room_left.held_back)
    return await page(
        request,
        "storage.html",
        use=use,
        free=await request.app[STORAGE].free(),
        waiting=waiting,
        refused=refused,
        most_of_person=settings.max_person_bytes,
        most_of_node=settings.max_node_bytes,
    )
