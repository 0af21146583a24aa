"""Renders a template for whoever is asking."""

from typing import Any

from aiohttp import web

from fedishare.http.keys import ANYBODY, CLOCK, TEMPLATES, VISITOR


async def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """The template as an HTML answer. It gets `visitor`, `now`, `request_path` and the values given."""
    html = (
        request.app[TEMPLATES]
        .get_template(template)
        .render(
            visitor=request.get(VISITOR, ANYBODY),
            now=request.app[CLOCK].now(),
            request_path=request.path,
            **values,
        )
    )
    answer = web.Response(text=html, content_type="text/html", charset="utf-8", status=status)
    if request.get(VISITOR, ANYBODY).is_signed_in:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer
