"""A route table in which every route says who may call it. Silence means signed in."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeAlias

from aiohttp import web

from fedishare.core.errors import Refused, Unauthenticated
from fedishare.domain.permissions import Role
from fedishare.http.keys import ANYBODY, VISITOR, Visitor

Handler: TypeAlias = "Callable[[web.Request], Awaitable[web.StreamResponse]]"


class Allow(Enum):
    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    MODERATORS = "moderators"
    ADMINS = "admins"


class Entry:
    """One route as it was declared: a test lists them all with their audience."""

    __slots__ = ("allow", "handler", "method", "path")

    def __init__(self, method: str, path: str, handler: Handler, allow: Allow) -> None:
        self.method = method
        self.path = path
        self.handler = handler
        self.allow = allow

    def guarded(self) -> Handler:
        allow, handler = self.allow, self.handler

        async def admitted(request: web.Request) -> web.StreamResponse:
            admit(request.get(VISITOR, ANYBODY), allow)
            return await handler(request)

        return admitted


class Routes(list[Entry]):
    def get(self, path: str, *, allow: Allow = Allow.SIGNED_IN) -> Callable[[Handler], Handler]:
        return self._add("GET", path, allow)

    def post(self, path: str, *, allow: Allow = Allow.SIGNED_IN) -> Callable[[Handler], Handler]:
        return self._add("POST", path, allow)

    def patch(self, path: str, *, allow: Allow = Allow.SIGNED_IN) -> Callable[[Handler], Handler]:
        return self._add("PATCH", path, allow)

    def delete(self, path: str, *, allow: Allow = Allow.SIGNED_IN) -> Callable[[Handler], Handler]:
        return self._add("DELETE", path, allow)

    def options(self, path: str, *, allow: Allow = Allow.SIGNED_IN) -> Callable[[Handler], Handler]:
        return self._add("OPTIONS", path, allow)

    def _add(self, method: str, path: str, allow: Allow) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self.append(Entry(method, path, handler, allow))
            return handler

        return add


def admit(visitor: Visitor, allow: Allow) -> None:
    """Let the visitor pass, or raise: Unauthenticated for someone unknown, Refused for someone else."""
    if allow is Allow.ANYONE:
        return
    if not visitor.is_signed_in:
        raise Unauthenticated("Sign in to do this.")
    if allow is Allow.MODERATORS and visitor.role is Role.MEMBER:
        raise Refused("Only moderators can do this.")
    if allow is Allow.ADMINS and visitor.role is not Role.ADMIN:
        raise Refused("Only administrators can do this.")
