"""Which of the viewer's filters a post meets. The one place where posts learn of it."""

from collections.abc import Mapping

from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities.wording import Wording


def of(tx: Connection, call: Call, posts: Mapping[int, Wording]) -> dict[int, bytes]:  # noqa: ARG001 -- what filters need
    """The JSON of `filtered` for those of these posts that meet a filter of the viewer; the others have none."""
    return {}
