"""Notes down what leaves no new row behind, for those who listen: never on the way of a new post."""

from typing import Final

from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.happenings import Happening
from fedishare.domain.kinds import HappeningKind

NOTE: Final = insert(Happening)


def note(tx: Connection, here: Here, *, kind: HappeningKind, actor_id: int, subject_id: int = 0) -> None:
    """`actor` edited or deleted the post, or took back the boost, that `subject` names; or changed their filters."""
    row = {"id": here.ids.new(), "kind": kind, "subject_id": subject_id, "actor_id": actor_id, "at": here.now()}
    tx.execute(NOTE, row)
