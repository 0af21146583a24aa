"""What this node does not keep: lists of the right shape without anything in them (decision C11)."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.routes import PUBLIC, Routes, Token

routes: Final = Routes()


@routes.reads("GET", "/api/v1/custom_emojis", scope=PUBLIC, token=Token.NONE, seconds=300)
@routes.reads("GET", "/api/v1/trends/links", scope=PUBLIC, token=Token.NONE, seconds=300)
@routes.reads("GET", "/api/v1/accounts/{id}/identity_proofs", scope="read:accounts")
def nothing_of_it(tx: Connection, call: Call) -> list[object]:  # noqa: ARG001 -- every endpoint has them
    return []
