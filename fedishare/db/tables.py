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
    threads,
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
    threads,
    work,
)
METADATA = Base.metadata
