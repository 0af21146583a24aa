"""What a resource is described with, as one row whoever wrote it; every renderer and every page starts from it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select

from fedishare.db.posts import Post
from fedishare.db.previews import Preview
from fedishare.db.resources import Habit, Resource, ResourceBasis, ResourceFile, ResourceTerm
from fedishare.domain import licences
from fedishare.domain.kinds import FileState
from fedishare.domain.terms import Basis, Term, TermKind
from fedishare.queries import sight


class ResourceFacts(NamedTuple):
    """What a resource has one of; the columns of its table."""

    description: str
    age_min: int | None
    age_max: int | None
    licence: str | None
    licence_label: str
    licence_url: str | None
    minutes: int | None
    credit: str
    version: int
    changed: str = ""


class FileLine(NamedTuple):
    """A file of a resource. `preview_width` and `preview_height` are those of its picture, where it has one."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    url: str
    is_here: bool
    state: FileState = FileState.CLEAN
    has_macros: bool = False
    preview_width: int | None = None
    preview_height: int | None = None


class ResourceRow(NamedTuple):
    """All metadata of a resource: its facts, its terms in the order they were written, and what it is based on.

    `licence` is the id of one of ours; of any other there are a name in words and the address. Ages are in
    years, `minutes` is how long it takes. A list of posts leaves out `bases`, and the outbox, which
    has the files besides, leaves out `files`.
    """

    description: str
    age_min: int | None
    age_max: int | None
    licence: str | None
    licence_label: str
    licence_url: str | None
    minutes: int | None
    credit: str
    version: int
    changed: str = ""
    terms: tuple[Term, ...] = ()
    bases: tuple[Basis, ...] = ()
    files: tuple[FileLine, ...] = ()

    def of(self, kind: TermKind) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.kind is kind)

    @property
    def subjects(self) -> tuple[Term, ...]:
        return self.of(TermKind.SUBJECT)

    @property
    def levels(self) -> tuple[Term, ...]:
        return self.of(TermKind.LEVEL)

    @property
    def stages(self) -> tuple[Term, ...]:
        return self.of(TermKind.STAGE)

    @property
    def types(self) -> tuple[Term, ...]:
        return self.of(TermKind.TYPE)

    @property
    def audiences(self) -> tuple[Term, ...]:
        return self.of(TermKind.AUDIENCE)

    @property
    def objectives(self) -> tuple[Term, ...]:
        return self.of(TermKind.OBJECTIVE)

    @property
    def keywords(self) -> tuple[Term, ...]:
        return self.of(TermKind.KEYWORD)

    @property
    def features(self) -> tuple[Term, ...]:
        return self.of(TermKind.FEATURE)

    @property
    def level_label(self) -> str:
        """All levels in a few words; where only a step of ISCED is known, that."""
        return in_words([term.label for term in self.levels or self.stages])

    @property
    def subject_label(self) -> str:
        return ", ".join(term.label for term in self.subjects)

    @property
    def type_label(self) -> str:
        return ", ".join(term.label for term in self.types)


class Preset(NamedTuple):
    """What somebody's next resource begins with; empty words are nothing chosen."""

    scheme: str = ""
    subject: str = ""
    level: str = ""
    licence: str = ""
    language: str = ""
    credit: str = ""


class Known(NamedTuple):
    """A resource here that an address leads to."""

    uri: str
    title: str | None
    licence: str | None
    licence_url: str | None


FACTS: Final = tuple(getattr(Resource, name) for name in ResourceFacts._fields)
TERMS: Final = (
    select(
        ResourceTerm.post_id,
        ResourceTerm.kind,
        ResourceTerm.slug,
        ResourceTerm.label,
        ResourceTerm.uri,
        ResourceTerm.framework,
    )
    .where(ResourceTerm.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(ResourceTerm.post_id, ResourceTerm.position)
)
BASES: Final = (
    select(ResourceBasis.post_id, ResourceBasis.uri, ResourceBasis.name, ResourceBasis.licence_url)
    .where(ResourceBasis.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(ResourceBasis.post_id, ResourceBasis.position)
)
FILES: Final = (
    select(
        ResourceFile.post_id,
        ResourceFile.id,
        ResourceFile.name,
        ResourceFile.media_type,
        ResourceFile.size,
        ResourceFile.sha256,
        ResourceFile.url,
        ResourceFile.storage_key.is_not(None),
        ResourceFile.state,
        ResourceFile.has_macros,
        Preview.width,
        Preview.height,
    )
    .outerjoin(
        Preview,
        and_(
            Preview.storage_key == ResourceFile.storage_key,
            Preview.picture_key.is_not(None),
            ResourceFile.state == FileState.CLEAN,
        ),
    )
    .where(ResourceFile.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(ResourceFile.post_id, ResourceFile.position)
)
ROWS: Final = select(Resource.post_id, *FACTS).where(Resource.post_id.in_(bindparam("ids", expanding=True)))
ROW: Final = select(*FACTS).where(Resource.post_id == bindparam("post"))
PRESET: Final = select(*(getattr(Habit, name) for name in Preset._fields)).where(Habit.actor_id == bindparam("actor"))
KNOWN: Final = (
    select(Post.uri, Post.title, Resource.licence, Resource.licence_url)
    .join(Resource, Resource.post_id == Post.id)
    .where(or_(Post.uri == bindparam("named"), Post.id == bindparam("numbered")), sight.visible())
    .order_by(Post.id)
    .limit(1)
)


def in_words(labels: Sequence[str]) -> str:
    """Several levels as a person says them: two by name, a longer row by its first and its last."""
    return " and ".join(labels) if len(labels) <= 2 else f"{labels[0]} to {labels[-1]}"  # noqa: PLR2004 -- two are a pair


def terms(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[Term]]:
    """What each of these resources is described with."""
    found: defaultdict[int, list[Term]] = defaultdict(list)
    term: Sequence[Any]
    for post_id, *term in tx.execute(TERMS, {"ids": list(ids)}) if ids else ():
        found[post_id].append(Term(*term))
    return found


def bases(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[Basis]]:
    """What each of these resources is based on."""
    found: defaultdict[int, list[Basis]] = defaultdict(list)
    basis: Sequence[Any]
    for post_id, *basis in tx.execute(BASES, {"ids": list(ids)}) if ids else ():
        found[post_id].append(Basis(*basis))
    return found


def files(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[FileLine]]:
    """The files of each of these resources, in their order."""
    found: defaultdict[int, list[FileLine]] = defaultdict(list)
    line: Sequence[Any]
    for post_id, *line in tx.execute(FILES, {"ids": list(ids)}) if ids else ():
        found[post_id].append(FileLine(*line))
    return found


def whole(tx: Connection, facts: ResourceFacts, *, post_id: int) -> ResourceRow:
    """The row of a resource whose facts are known already, but for its files; two statements."""
    return ResourceRow(*_in_words(facts), tuple(terms(tx, [post_id])[post_id]), tuple(bases(tx, [post_id])[post_id]))


def _in_words(facts: ResourceFacts) -> ResourceFacts:
    """Many authors elsewhere call their licence by its address or its code, which tells a teacher nothing."""
    if facts.licence is not None:
        return facts
    return facts._replace(licence_label=licences.plain_name(facts.licence_label, facts.licence_url))


def row(tx: Connection, *, post_id: int) -> ResourceRow | None:
    """All there is to tell of a resource; None where the post is none. Who may see it is for the caller to ask."""
    found = tx.execute(ROW, {"post": post_id}).one_or_none()
    if found is None:
        return None
    return whole(tx, ResourceFacts(*found), post_id=post_id)._replace(files=tuple(files(tx, [post_id])[post_id]))


def cards(tx: Connection, ids: Sequence[int]) -> dict[int, ResourceRow]:
    """What lists of posts show of those that are resources; one statement where none is, three where some are."""
    rows: Sequence[Any] = tx.execute(ROWS, {"ids": list(ids)}).all()
    if not rows:
        return {}
    found = [row.post_id for row in rows]
    described, held = terms(tx, found), files(tx, found)
    return {
        row.post_id: ResourceRow(*_in_words(ResourceFacts(*row[1:])))._replace(
            terms=tuple(described[row.post_id]), files=tuple(held[row.post_id])
        )
        for row in rows
    }


def preset(tx: Connection, *, actor_id: int) -> Preset:
    """What somebody's next resource begins with."""
    found = tx.execute(PRESET, {"actor": actor_id}).one_or_none()
    return Preset(*found) if found is not None else Preset()


def known(tx: Connection, *, address: str, number: int | None = None, viewer: int) -> Known | None:
    """The resource with this id, or the one that our page of this number shows, if `viewer` may see it."""
    found = tx.execute(KNOWN, {"named": address, "numbered": number or 0, "viewer": viewer}).one_or_none()
    return Known(*found) if found is not None else None
