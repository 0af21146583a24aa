"""Accounts and tokens from the command line."""

from sqlalchemy import Connection

from fedishare import start
from fedishare.core.clock import Clock
from fedishare.core.errors import NotFound
from fedishare.core.here import Here
from fedishare.domain.kinds import Kind
from fedishare.domain.permissions import Role
from fedishare.inbox import moving
from fedishare.net import keys
from fedishare.queries import known
from fedishare.services import accounts, handles, moves
from fedishare.settings import Settings


async def add(settings: Settings, clock: Clock, *, name: str, email: str, password: str, role: str, shown: str) -> None:
    """Raises Invalid for a name, address or password that will not do."""
    hashed = accounts.hash_password(password)
    async with start.tools(settings, clock=clock) as tools:
        await tools.db.write(
            accounts.add,
            tools.here,
            username=name,
            email=email,
            password_hash=hashed,
            role=Role(role),
            name=shown,
            rsa=keys.new_rsa(),
            ed25519=keys.new_ed25519(),
        )


async def name_other(settings: Settings, clock: Clock, *, name: str, other: str) -> None:
    """Say for NAME that the other account is theirs, so that it can move here."""
    async with start.tools(settings, clock=clock) as tools:
        actor_id = await tools.db.read(_ours, tools.here, name=name)
        other_id = await moving.other_account(tools, other)
        await tools.db.write(_know_as, tools.here, actor_id=actor_id, other_id=other_id)


async def move(settings: Settings, clock: Clock, *, name: str, target: str) -> int:
    """Move NAME to another account. Answers how many people here follow along at once."""
    async with start.tools(settings, clock=clock) as tools:
        actor_id = await tools.db.read(_ours, tools.here, name=name)
        target_id = await moving.other_account(tools, target)
        return await tools.db.write(moves.leave, tools.here, actor_id=actor_id, target_id=target_id)


async def open_school(settings: Settings, clock: Clock, *, name: str, shown: str, owner: str, about: str) -> None:
    """A school of this node, whose account OWNER runs at first."""
    async with start.tools(settings, clock=clock) as tools:
        owner_id = await tools.db.read(_ours, tools.here, name=owner)
        await tools.db.write(
            handles.open_handle,
            tools.here,
            owner_id=owner_id,
            username=name.removeprefix("@"),
            name=shown,
            about=about,
            rsa=keys.new_rsa(),
            ed25519=keys.new_ed25519(),
            kind=Kind.ORGANISATION,
        )


def _ours(tx: Connection, here: Here, *, name: str) -> int:
    found = known.actor_by_handle(tx, handle=f"{name.removeprefix('@')}@{here.uris.authority}")
    if found is None or found.deleted_at is not None:
        raise NotFound(f"nobody here is called {name}")
    return found.id


def _know_as(tx: Connection, here: Here, *, actor_id: int, other_id: int) -> None:
    moves.know_as(tx, here, actor_id=actor_id, other_id=other_id)


async def issue_token(settings: Settings, clock: Clock, *, name: str, scopes: str) -> str:
    """The token, which is kept nowhere but with whoever reads this answer."""
    async with start.tools(settings, clock=clock) as tools:
        return await tools.db.write(accounts.issue_token, tools.here, username=name, scopes=scopes)
