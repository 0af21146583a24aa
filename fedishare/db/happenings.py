"""What apps hear of and what leaves no new row behind."""

from datetime import datetime

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.kinds import HappeningKind


class Happening(Base):
    """An edit, a deletion, a boost taken back, a change of filters: told to whoever listens, and soon forgotten.

    `subject_id` is the post or the boost, and 0 where it is about `actor_id` alone. Nothing refers to it, and it
    outlives what it is about.
    """

    __tablename__ = "happening"

    id: Mapped[Id]
    kind: Mapped[HappeningKind] = mapped_column(words(HappeningKind))
    subject_id: Mapped[int]
    actor_id: Mapped[int]
    at: Mapped[datetime]
