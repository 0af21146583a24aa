"""Which shape a room's activities take for one server."""

from typing import Protocol

from fedishare.domain import dialects
from fedishare.domain.kinds import Dialect


class Known(Protocol):
    """What is known of a server: a row of the table of nodes, or part of one."""

    @property
    def software(self) -> str | None: ...
    @property
    def dialect(self) -> Dialect | None: ...
    @property
    def dialect_set(self) -> Dialect | None: ...


def dialect_of(node: Known) -> Dialect:
    """An admin's word first, then what was observed, then the usual one of its software; both for the unknown."""
    return node.dialect_set or node.dialect or dialects.usual(node.software)
