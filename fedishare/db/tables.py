"""Brings every table to the metadata; whoever creates or compares the schema imports this."""

from fedishare.db import (
    accounts,
    follows,
    media,
    nodes,
    notices,
    people,
    polls,
    posts,
    quotes,
    reactions,
    reports,
    resources,
    rooms,
    work,
)
from fedishare.db.base import Base

ALL = (
    accounts,
    follows,
    media,
    nodes,
    notices,
    people,
    polls,
    posts,
    quotes,
    reactions,
    reports,
    resources,
    rooms,
    work,
)
METADATA = Base.metadata
