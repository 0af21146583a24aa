"""Signing in and out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, TooMany, Unreachable
from fedishare.core.here import Here
from fedishare.http import visitors
from fedishare.http.errors import headers_of, status_of
from fedishare.http.keys import DATABASE, HERE, LIMITS, REMOTE, VISITOR
from fedishare.http.limits import line
from fedishare.http.middleware import local_path
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.services import accounts, tries
from fedishare.services.accounts import Login
from fedishare.web import asked, forms
from fedishare.web.forms import Form

# Each check takes 64 MB: two at a time are quick enough, and a flood of them cannot fill the memory (DOS-29).
_CHECKING: Final = ThreadPoolExecutor(2, thread_name_prefix="passwords")
MOST_WAITING: Final = 12

routes: Final = Routes()


@routes.get("/sign-in", allow=Allow.ANYONE)
async def ask(request: web.Request) -> web.Response:
    onward = local_path(request.query.get("next", "/"))
    if request[VISITOR].is_signed_in and not request.query.get("again"):
        return asked.go(onward)
    return await page(request, "sign_in.html", values={"next": onward}, errors={})


@routes.post("/sign-in", allow=Allow.ANYONE)
async def sign_in(request: web.Request) -> web.Response:
    form = await forms.read(request)
    name = form.text("login")
    try:
        login = await _found(request, name)
        with request.app[LIMITS].holding("passwords", most=MOST_WAITING) as take:
            take(1)
            is_right = await fits(form.values.get("password", ""), login)
    except (TooMany, Unreachable) as error:
        return await _later(request, form, error)
    if not is_right or login is None:
        said = "That name and that password do not fit together. Check both and try again."
        return await _again(request, form, "password", said, status=422)
    former = visitors.secret_of(request)
    secret = await request.app[DATABASE].write(_begin, request.app[HERE], account_id=login.account_id, former=former)
    answer = asked.go(form.text("next") or "/")
    visitors.remember(request, answer, secret)
    return answer


@routes.post("/sign-out", allow=Allow.ANYONE)
async def sign_out(request: web.Request) -> web.Response:
    secret = visitors.secret_of(request)
    answer = asked.go("/")
    if secret is not None:
        await request.app[DATABASE].write(accounts.close_session, secret=secret)
        visitors.forget(request, answer)
    return answer


async def fits(password: str, login: Login | None) -> bool:
    """Whether the password is the right one, without holding up anybody else."""
    return await asyncio.get_running_loop().run_in_executor(_CHECKING, accounts.fits, password, login)


async def hashed(password: str) -> str:
    """The hash to keep; raises Invalid for a password that will not do."""
    return await asyncio.get_running_loop().run_in_executor(_CHECKING, partial(accounts.hash_password, password))


async def _found(request: web.Request, name: str) -> Login | None:
    """The login of that name. A try is spent for where it comes from, and one for whose it is, however spelled.

    This process counts first, so that a flood does not reach the database; then all of them together.
    """
    by = line(request[REMOTE])
    _spend_a_try(request, "sign in from", by)
    login = await request.app[DATABASE].read(accounts.find_login, request.app[HERE], name=name)
    at = str(login.account_id) if login else name.casefold()[:320]
    _spend_a_try(request, "sign in as", at)
    await request.app[DATABASE].write(tries.spend, request.app[HERE], at=at, by=by)
    return login


def _spend_a_try(request: web.Request, what: str, who: str) -> None:
    now = request.app[HERE].now()
    request.app[LIMITS].take(what, who, now=now, burst=tries.BURST, per_minute=tries.A_MINUTE)


async def _later(request: web.Request, form: Form, error: FediShareError) -> web.Response:
    answer = await _again(request, form, "login", str(error), status=status_of(error))
    answer.headers.update(headers_of(error))
    return answer


async def _again(request: web.Request, form: Form, field: str, said: str, *, status: int) -> web.Response:
    values: dict[str, Any] = {"login": form.text("login"), "next": local_path(form.text("next") or "/")}
    return await page(request, "sign_in.html", status=status, values=values, errors={field: said})


def _begin(tx: Connection, here: Here, *, account_id: int, former: str | None) -> str:
    """A fresh session; what the browser held before is worth nothing from now on (AUTH-08)."""
    if former is not None:
        accounts.close_session(tx, secret=former)
    return accounts.open_session(tx, here, account_id=account_id)
