"""What a teacher says of a resource, checked and turned into the rows that pages, other servers and searches read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, update

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.core.uris import Place
from fedishare.db.base import insert
from fedishare.db.resources import Habit, Resource, ResourceBasis, ResourceTerm
from fedishare.domain import durations, licences, markup, vocabularies
from fedishare.domain.terms import Basis, Term, TermKind
from fedishare.domain.vocabularies import Level, Licence
from fedishare.queries import resources
from fedishare.queries.resources import Preset

MOST_OF_A_KIND: Final = 10
MOST_KEYWORDS: Final = 20
MOST_BASES: Final = 5
LONGEST_KEYWORD: Final = 60
LONGEST_OBJECTIVE: Final = 300
LONGEST_CREDIT: Final = 300
LONGEST_NUMBER: Final = 19
ADD: Final = insert(Resource)
ADD_TERMS: Final = insert(ResourceTerm)
ADD_BASES: Final = insert(ResourceBasis)
DROP_TERMS: Final = delete(ResourceTerm).where(ResourceTerm.post_id == bindparam("post"))
DROP_BASES: Final = delete(ResourceBasis).where(ResourceBasis.post_id == bindparam("post"))
CHANGED: Final = ("age_min", "age_max", "licence", "licence_label", "licence_url", "minutes", "credit")
REDESCRIBE: Final = (
    update(Resource)
    .where(Resource.post_id == bindparam("post"))
    .values({name: bindparam(f"new_{name}") for name in CHANGED})
)
_habit = insert(Habit)
REMEMBER: Final = _habit.on_conflict_do_update(
    index_elements=["actor_id"], set_={name: getattr(_habit.excluded, name) for name in Preset._fields}
)


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a teacher chose: slugs of domain.vocabularies, words of their own, and addresses of what it is based on."""

    subjects: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    licence: str | None = None
    minutes: int | None = None
    audiences: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    credit: str = ""
    based_on: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


class Misfit(Invalid):
    """A description that cannot be kept; `field` is the part of it that its author has to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Settled(NamedTuple):
    """A description that was checked, as it is stored."""

    facts: Mapping[str, Any]
    terms: tuple[Term, ...]
    bases: tuple[Basis, ...]


def settle(tx: Connection, here: Here, said: Description, *, author_id: int) -> Settled:
    """Look everything up. Raises Misfit for what is not of our lists, and for a licence that its sources forbid."""
    chosen = vocabularies.licence(said.licence) if said.licence else None
    if said.licence is None:
        raise Misfit("licence", "Please choose a licence, so that colleagues know what they may do with it.")
    if chosen is None:
        raise Misfit("licence", "This licence is not in the list: please choose again.")
    if said.minutes is not None and not 1 <= said.minutes <= durations.MOST_MINUTES:
        raise Misfit("minutes", "Say how long it takes as a whole number of minutes, such as 60.")
    levels = _found(said.levels, vocabularies.level, field="level")
    bases = _bases(tx, here, said.based_on, chosen, author_id=author_id)
    facts = {
        "age_min": min((level.age_min for level in levels), default=None),
        "age_max": max((level.age_max for level in levels), default=None),
        "licence": chosen.id,
        "licence_label": chosen.short,
        "licence_url": chosen.url,
        "minutes": said.minutes,
        "credit": markup.text(said.credit, limit=LONGEST_CREDIT),
    }
    return Settled(facts, tuple(_terms(said, levels)), bases)


def _found(slugs: Iterable[str], look_up: Callable[[str], Any], *, field: str) -> list[Any]:
    """The entries of one of our lists, each once."""
    wanted = list(dict.fromkeys(slugs))
    entries = [look_up(slug) for slug in wanted]
    if None in entries:
        raise Misfit(field, "One of the choices is not in the list: please choose again.")
    if len(entries) > MOST_OF_A_KIND:
        raise Misfit(field, f"Please choose up to {MOST_OF_A_KIND}, so that colleagues see what it is about.")
    return entries


def _terms(said: Description, levels: list[Level]) -> Iterator[Term]:
    for subject in _found(said.subjects, vocabularies.subject, field="subject"):
        yield Term(TermKind.SUBJECT, subject.slug, subject.label, subject.kim)
    for level in levels:
        yield Term(TermKind.LEVEL, level.slug, level.label, level.url, level.framework)
    for step in vocabularies.steps(levels):
        yield Term(TermKind.STAGE, step.slug, step.label, step.url)
    for kind in _found(said.types, vocabularies.resource_type, field="type"):
        yield Term(TermKind.TYPE, kind.slug, kind.label, kind.url)
    for role in _found(said.audiences, vocabularies.role, field="audience"):
        yield Term(TermKind.AUDIENCE, role.slug, role.label, role.url)
    for feature in _found(said.features, vocabularies.feature, field="feature"):
        yield Term(TermKind.FEATURE, feature.slug, feature.label)
    for objective in _lines(said.objectives, longest=LONGEST_OBJECTIVE, most=MOST_OF_A_KIND):
        yield Term(TermKind.OBJECTIVE, None, objective)
    for keyword in _lines(said.keywords, longest=LONGEST_KEYWORD, most=MOST_KEYWORDS):
        yield Term(TermKind.KEYWORD, fold(keyword), keyword)


def _lines(said: Iterable[str], *, longest: int, most: int) -> list[str]:
    """Cleaned, without what is said twice."""
    cleaned = (markup.text(line, limit=longest) for line in said)
    return list({line.casefold(): line for line in cleaned if line}.values())[:most]


def fold(keyword: str) -> str:
    """The form in which two spellings of a keyword are the same."""
    return " ".join(keyword.split()).casefold()


def as_tag(words: str) -> str:
    """Some words as a hashtag: "Design and technology" becomes DesignAndTechnology; one word stays as it is."""
    parts = "".join(letter if letter.isalnum() or letter == "_" else " " for letter in words).split()
    return parts[0] if len(parts) == 1 else "".join(part[:1].upper() + part[1:] for part in parts)


def tags(keywords: Iterable[str]) -> tuple[str, ...]:
    """Keywords as the hashtags under which other servers find the resource."""
    return tuple(tag for keyword in keywords if markup.fold_tag(tag := as_tag(keyword)))


def default_credit(*, name: str, school: str, school_owns: bool) -> str:
    """Where a school owns what its staff make, it is named beside them; else the author's name says enough."""
    return f"{name}, {school}" if school_owns else ""


def keywords(tx: Connection, *, post_id: int) -> tuple[str, ...]:
    """Those of a resource as it stands; none for other posts."""
    return tuple(term.label for term in resources.terms(tx, [post_id])[post_id] if term.kind is TermKind.KEYWORD)


def _bases(
    tx: Connection, here: Here, addresses: Iterable[str], chosen: Licence, *, author_id: int
) -> tuple[Basis, ...]:
    """What it is based on, with what we know of that; the licences of it all decide about the chosen one."""
    bases, sources = _looked_up(tx, here, addresses, author_id=author_id)
    refusal = licences.adapting([source for source in sources if source is not None], chosen).refusal
    if refusal is not None:
        raise Misfit("licence", refusal)
    return tuple({basis.uri: basis for basis in bases}.values())


def doubts(tx: Connection, here: Here, *, addresses: Iterable[str], licence: str, author_id: int) -> list[str]:
    """What the licences of all it is based on have against the chosen one, short of forbidding it; nothing else."""
    try:
        _, sources = _looked_up(tx, here, addresses, author_id=author_id)
    except Misfit:
        return []
    ruling = licences.adapting(sources, vocabularies.licence(licence))
    return [] if ruling.refusal is not None else list(ruling.warnings)


def _looked_up(
    tx: Connection, here: Here, addresses: Iterable[str], *, author_id: int
) -> tuple[list[Basis], list[Licence | None]]:
    """Each source, and the licences of those that are known here."""
    wanted = list(dict.fromkeys(address.strip() for address in addresses if address.strip()))
    if len(wanted) > MOST_BASES:
        raise Misfit("based_on", f"Please name up to {MOST_BASES} sources.")
    bases: list[Basis] = []
    sources: list[Licence | None] = []
    for address in wanted:
        uri = markup.safe_url(address)
        if uri is None:
            raise Misfit("based_on", f"{address} is not a web address: paste it from your browser, with https://.")
        known = resources.known(tx, address=uri, number=_number(here, uri), viewer=author_id)
        if known is None:
            bases.append(Basis(uri))
            continue
        bases.append(Basis(known.uri, known.title or "", known.licence_url))
        sources.append(vocabularies.licence(known.licence) if known.licence else None)
    return bases, sources


def _number(here: Here, uri: str) -> int | None:
    """The post that a page of ours shows, which may be somebody else's."""
    ours = here.uris.read(uri.partition("?")[0].partition("#")[0])
    if ours is None or ours.place not in {Place.POST, Place.RESOURCE}:
        return None
    return int(ours.key) if ours.key.isdecimal() and len(ours.key) < LONGEST_NUMBER else None


def keep(
    tx: Connection, *, post_id: int, facts: Mapping[str, Any], terms: Iterable[Term], bases: Iterable[Basis]
) -> None:
    """A resource's first rows."""
    tx.execute(ADD, {"post_id": post_id, **facts})
    _add(tx, post_id=post_id, terms=terms, bases=bases)


def _add(tx: Connection, *, post_id: int, terms: Iterable[Term], bases: Iterable[Basis]) -> None:
    described = [{"post_id": post_id, "position": place, **term._asdict()} for place, term in enumerate(terms)]
    if described:
        tx.execute(ADD_TERMS, described)
    based = [{"post_id": post_id, "position": place, **basis._asdict()} for place, basis in enumerate(bases)]
    if based:
        tx.execute(ADD_BASES, based)


def change(tx: Connection, here: Here, *, post_id: int, author_id: int, said: Description) -> bool:
    """Describe a resource of ours anew. Answers whether that changed anything; the version is counted by its edit."""
    former = resources.row(tx, post_id=post_id)
    if former is None:
        return False
    settled = settle(tx, here, said, author_id=author_id)
    kept = {name: getattr(former, name) for name in CHANGED}
    if (kept, former.terms, former.bases) == (settled.facts, settled.terms, settled.bases):
        return False
    tx.execute(REDESCRIBE, {"post": post_id, **{f"new_{name}": settled.facts[name] for name in CHANGED}})
    tx.execute(DROP_TERMS, {"post": post_id})
    tx.execute(DROP_BASES, {"post": post_id})
    _add(tx, post_id=post_id, terms=settled.terms, bases=settled.bases)
    return True


def remember(tx: Connection, *, actor_id: int, said: Description, language: str) -> None:
    """The next resource of this person begins with what this one was described with."""
    former = resources.preset(tx, actor_id=actor_id)
    level = vocabularies.level(said.levels[0]) if said.levels else None
    habit = former._replace(
        scheme=level.scheme if level else former.scheme,
        subject=next(iter(said.subjects), ""),
        level=level.slug if level else "",
        licence=said.licence or "",
        language=language,
    )
    set_habit(tx, actor_id=actor_id, habit=habit)


def set_habit(tx: Connection, *, actor_id: int, habit: Preset) -> None:
    """What the next resource begins with, as its author wishes. Raises Misfit for what is not of our lists."""
    for field, slug, look_up in (
        ("scheme", habit.scheme, vocabularies.scheme),
        ("subject", habit.subject, vocabularies.subject),
        ("level", habit.level, vocabularies.level),
        ("licence", habit.licence, vocabularies.licence),
    ):
        if slug and look_up(slug) is None:
            raise Misfit(field, "This choice is not in the list: please choose again.")
    words = habit._replace(credit=markup.text(habit.credit, limit=LONGEST_CREDIT))
    tx.execute(REMEMBER, {"actor_id": actor_id, **words._asdict()})
