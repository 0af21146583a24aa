"""How much room the files of a person, and of the whole node, take up, and whether one more fits."""

from typing import NamedTuple

from sqlalchemy import Connection

from fedishare.core.errors import TooLarge
from fedishare.db.base import lock
from fedishare.domain.files import human_size
from fedishare.queries import room_left


class Quotas(NamedTuple):
    """The most that one person and the node may keep, in bytes; None for any amount."""

    person: int | None
    node: int | None


def require(tx: Connection, quotas: Quotas, *, owner_id: int, name: str, size: int) -> None:
    """Raises TooLarge, with what to do, where a file of this size does not fit."""
    if quotas.person is not None:
        lock(tx, f"files of {owner_id}")
        left = max(0, quotas.person - room_left.used_by(tx, owner_id=owner_id))
        if size > left:
            raise TooLarge(
                f"{name} was left out: it has {human_size(size)}, and you have {human_size(left)} left of "
                f"{human_size(quotas.person)}. Delete a draft or a resource that you no longer need, or ask whoever "
                "looks after this node for more room."
            )
    require_of_node(tx, quotas, name=name, size=size)


def require_of_node(tx: Connection, quotas: Quotas, *, name: str, size: int) -> None:
    """Raises TooLarge where the node as a whole has no room for it."""
    if quotas.node is not None:
        lock(tx, "files of the node")
        if size > quotas.node - room_left.used_in_all(tx):
            raise TooLarge(
                f"{name} was left out: all the room that this node has for files is used up. "
                "Please tell whoever looks after it."
            )
