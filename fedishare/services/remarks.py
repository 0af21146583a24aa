"""What somebody notes about somebody else, for themselves alone."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete

from fedishare.core.errors import Invalid
from fedishare.db.base import insert
from fedishare.db.people import Remark

LONGEST: Final = 2_000
_remark = insert(Remark)
KEEP: Final = _remark.on_conflict_do_update(index_elements=["by_id", "about_id"], set_={"text": _remark.excluded.text})
DROP: Final = delete(Remark).where(Remark.by_id == bindparam("by"), Remark.about_id == bindparam("about"))


def note(tx: Connection, *, by_id: int, about_id: int, text: str) -> None:
    """Replace what was noted before; an empty text takes it away. Raises Invalid for one that is too long."""
    if len(text) > LONGEST:
        raise Invalid(f"Please keep it under {LONGEST} characters.")
    if text.strip():
        tx.execute(KEEP, {"by_id": by_id, "about_id": about_id, "text": text})
    else:
        tx.execute(DROP, {"by": by_id, "about": about_id})
