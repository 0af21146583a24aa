"""Logins: nobody gets in by a wrong word, and nothing that opens a door is kept readable."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.db.accounts import Account, Session, Token
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.domain.permissions import Role
from fedishare.queries import people
from fedishare.services import accounts
from tests.builders import FrozenClock, an_ed25519_pair, an_rsa_pair


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def an_account(db: Database, here: Here, **over: Any) -> int:
    values = {
        "username": "anna",
        "email": "anna@cornerstone.example",
        "password_hash": "hash",
        "role": Role.MEMBER,
        "name": "Anna",
        "rsa": an_rsa_pair(),
        "ed25519": an_ed25519_pair(),
    } | over
    return await db.write(accounts.add, here, **values)


@pytest.mark.parametrize("typed", ["anna", "ANNA", "@anna", "anna@alder.test", "Anna@Cornerstone.example "])
async def test_a_login_is_found_by_name_handle_or_address(db: Database, here: Here, typed: str) -> None:
    account_id = await an_account(db, here)

    login = await db.read(accounts.find_login, here, name=typed)

    assert login is not None
    assert login.account_id == account_id


def test_a_password_fits_only_itself() -> None:
    login = accounts.Login(1, 1, accounts.hash_password("correct horse"))

    fits = [accounts.fits("correct horse", login), accounts.fits("wrong horse", login), accounts.fits("any", None)]

    assert fits == [True, False, False]


@pytest.mark.parametrize("password", ["", "short", "x" * 129, "with\0zero-byte"])
def test_a_password_of_a_wrong_length_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        accounts.hash_password(password)


@pytest.mark.parametrize(
    "over",
    [
        {"username": "Anna", "email": "b@cornerstone.example"},
        {"username": "ben", "email": "ANNA@cornerstone.example"},
        {"username": "ben", "email": "not an address"},
        {"username": "ben", "email": "a%b@cornerstone.example"},
        {"username": "no spaces", "email": "c@cornerstone.example"},
    ],
)
async def test_a_name_or_address_that_will_not_do_is_refused_and_nothing_kept(
    db: Database, here: Here, over: dict[str, str]
) -> None:
    await an_account(db, here)

    with pytest.raises(Invalid):
        await an_account(db, here, **over)

    assert await db.read(rows, Actor.username) == [("anna",)]


async def test_a_session_stands_for_its_account_until_it_ends(db: Database, here: Here, clock: FrozenClock) -> None:
    account_id = await an_account(db, here)
    secret = await db.write(accounts.open_session, here, account_id=account_id)
    digest = accounts.digest(secret)

    assert secret.encode() not in (await db.read(rows, Session.secret_hash))[0][0]
    found = await db.read(people.signed_in, secret_hash=digest, now=clock.now())
    assert found is not None
    assert (found.account_id, found.username) == (account_id, "anna")
    later = clock.now() + accounts.SESSION_LASTS + timedelta(seconds=1)
    assert await db.read(people.signed_in, secret_hash=digest, now=later) is None
    await db.write(accounts.close_session, secret=secret)
    assert await db.read(people.signed_in, secret_hash=digest, now=clock.now()) is None


async def test_a_new_password_ends_every_session_and_token(db: Database, here: Here) -> None:
    account_id = await an_account(db, here)
    await db.write(accounts.open_session, here, account_id=account_id)
    await db.write(accounts.issue_token, here, username="anna", scopes="read write")

    await db.write(accounts.change_password, here, account_id=account_id, password_hash="new")

    assert await db.read(rows, Session.account_id) == []
    assert [at is not None for (at,) in await db.read(rows, Token.revoked_at)] == [True]
    assert await db.read(rows, Account.password_hash) == [("new",)]


@pytest.mark.parametrize(("scopes", "error"), [("read fly", Invalid), ("", Invalid), ("read", NotFound)])
async def test_a_token_needs_known_scopes_and_a_known_person(
    db: Database, here: Here, scopes: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await db.write(accounts.issue_token, here, username="nobody", scopes=scopes)
