"""Actors put into words: people, staffrooms, schools, collections and the node itself."""

from html import escape
from typing import Final

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import uris
from fedishare.core.json import Json
from fedishare.core.uris import Uris
from fedishare.domain import markup
from fedishare.domain.kinds import KeyKind, Kind
from fedishare.domain.membership import RULES_HEADING
from fedishare.queries.parties import ActorFacts, ActorRow, Key

# FEP-844e: what servers that speak both may use with us.
IMPLEMENTS: Final[tuple[Json, ...]] = (
    {"href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421: HTTP Message Signatures"},
)
_IMAGES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


def actor(facts: ActorFacts, *, at: Uris) -> Document:
    """The document of an actor of ours. It holds no proof: the keys that would check it are in it."""
    row = facts.actor
    document: Document = {
        "id": row.uri,
        "type": row.kind.value,
        "preferredUsername": row.username,
        "webfinger": f"{row.username}@{row.domain}",
        "name": row.name,
        "summary": _farewell(row) + row.summary + _rules(facts.rules),
        "url": row.url,
        "published": write.when(row.published_at or row.created_at),
        "inbox": row.inbox,
        "outbox": row.outbox or uris.outbox(row.uri),
        "followers": row.followers or uris.followers(row.uri),
        "following": row.following or uris.following(row.uri),
        "featured": row.featured or uris.featured(row.uri),
        "endpoints": {"sharedInbox": at.shared_inbox},
        "manuallyApprovesFollowers": row.locked,
        "discoverable": row.discoverable,
        "indexable": row.indexable,
        "attachment": [_field(field) for field in row.fields],
        "tag": [_topic(label, at=at) for label in facts.topics],
        "generator": {"type": "Application", "id": at.node, "implements": list(IMPLEMENTS)},
    }
    if row.suspended_at is not None:
        return write.with_context(write.ACTOR, document | _suspended(row) | _keys(facts))
    context = write.ROOM if facts.topics else write.ACTOR
    return write.with_context(
        context, document | _group(facts) | _collection(facts) | _pictures(row) | _moves(row) | _keys(facts)
    )


def _suspended(row: ActorRow) -> Document:
    """Nothing of what they said of themselves: others take them out of sight until this is taken back."""
    empty: Document = {"name": row.username, "summary": "", "attachment": [], "tag": []}
    return empty | {"discoverable": False, "indexable": False, "suspended": True}


def _farewell(row: ActorRow) -> str:
    """Lemmy knows no moves: its people read of one where they read what the room is for."""
    if row.kind is not Kind.GROUP or row.moved_to is None:
        return ""
    to = escape(row.moved_to)
    return f'<p><strong>This room has moved.</strong> Join the new one: <a href="{to}">{to}</a></p>'


def _rules(rules: str) -> str:
    """People on other servers read the rules of a room where they read what it is for."""
    lines = [escape(line.strip(), quote=False) for line in rules.splitlines() if line.strip()]
    return f"<p><strong>{RULES_HEADING}</strong></p><p>{'<br>'.join(lines)}</p>" if lines else ""


def _topic(label: str, *, at: Uris) -> Document:
    return {"type": "Hashtag", "name": f"#{label}", "href": at.tag(markup.fold_tag(label))}


def _group(facts: ActorFacts) -> Document:
    row = facts.actor
    if row.kind is Kind.NODE:
        return {"implements": list(IMPLEMENTS)}
    if row.kind is not Kind.GROUP:
        return {}
    moderators = row.moderators or uris.moderators(row.uri)
    # FEP-1b12 finds the moderators in `attributedTo`, Lemmy's own readers look in `moderators`.
    return {
        "attributedTo": moderators,
        "moderators": moderators,
        "postingRestrictedToMods": facts.stewards_only_posting,
    }


def _collection(facts: ActorFacts) -> Document:
    """Where its resources are listed, for all (ActivityPub 4.1) and as what (schema.org); and who curates it."""
    if facts.items_uri is None:
        return {}
    entity: Document = {"id": facts.items_uri, "type": "schema:Collection", "schema:name": facts.actor.name}
    shaped: Document = {"streams": [facts.items_uri], "schema:mainEntity": entity}
    return shaped | {"attributedTo": facts.curator_uri} if facts.curator_uri else shaped


def _pictures(row: ActorRow) -> Document:
    found = {"icon": row.icon_url, "image": row.image_url}
    return {name: _picture(url) for name, url in found.items() if url}


def _picture(url: str) -> Document:
    kind = _IMAGES.get(url.rpartition(".")[2].lower())
    picture: Document = {"type": "Image", "url": url}
    return picture | {"mediaType": kind} if kind else picture


def _moves(row: ActorRow) -> Document:
    document: Document = {}
    if row.also_known_as:
        document["alsoKnownAs"] = list(row.also_known_as)
    if row.moved_to:
        document["movedTo"] = row.moved_to
    return document


def _keys(facts: ActorFacts) -> Document:
    """The RSA key that signs requests, as everybody knows it, and the one for proofs as a Multikey (FEP-521a)."""
    owner = facts.actor.uri
    document: Document = {}
    for key in facts.keys:
        if key.kind is KeyKind.RSA:
            document["publicKey"] = {"id": key.key_id, "owner": owner, "publicKeyPem": key.public}
    document["assertionMethod"] = [_multikey(key, owner) for key in facts.keys if key.kind is KeyKind.ED25519]
    return document


def _multikey(key: Key, owner: str) -> Document:
    return {"id": key.key_id, "type": "Multikey", "controller": owner, "publicKeyMultibase": key.public}


def _field(field: dict[str, object]) -> Document:
    return {"type": "PropertyValue", "name": str(field.get("name", "")), "value": str(field.get("value", ""))}
