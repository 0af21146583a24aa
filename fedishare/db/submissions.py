"""How posts came to be written: with which program, and under which key, so that nothing is posted twice."""

from datetime import datetime

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Mapped, mapped_column


class Submission(Base):
    """A request to post something, by the key its program gave it, which counts for an hour.

    `result_id` is what came of it: a post, or where it `is_scheduled`, one that waits. It is set in the same commit.
    """

    __tablename__ = "submission"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    result_id: Mapped[int | None]
    is_scheduled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(index=True)


class PostApp(Base):
    """The program with which a post was written here."""

    __tablename__ = "post_app"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    app_id: Mapped[int] = mapped_column(ForeignKey("app.id", ondelete="CASCADE"), index=True)
