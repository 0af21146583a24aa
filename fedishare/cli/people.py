"""Accounts and tokens from the command line."""

from fedishare import start
from fedishare.core.clock import Clock
from fedishare.domain.permissions import Role
from fedishare.net import keys
from fedishare.services import accounts
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


async def issue_token(settings: Settings, clock: Clock, *, name: str, scopes: str) -> str:
    """The token, which is kept nowhere but with whoever reads this answer."""
    async with start.tools(settings, clock=clock) as tools:
        return await tools.db.write(accounts.issue_token, tools.here, username=name, scopes=scopes)
