"""A resource for machines that read pages: two JSON-LD blocks (resources.md 3.7, face 1).

The first is a WebPage, which link cards read; the second an AMB LearningResource, which
catalogues read. Both are data: no browser runs them, and nothing in them can end the script
element they stand in.
"""

from typing import Any, Final

from markupsafe import Markup

from fedishare.core import json
from fedishare.core.uris import Uris
from fedishare.domain import markup
from fedishare.domain.audience import OPEN
from fedishare.outbox import amb, resources
from fedishare.queries.cards import Card
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.resources import ResourceRow

# What could end a script element or a line of JavaScript (XSS-10).
ESCAPES: Final = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})


def blocks(post: Card, facts: PostFacts | None, *, uris: Uris) -> list[Markup]:
    """The two blocks of a resource of ours that everybody may see; none for any other."""
    if facts is None or facts.resource is None or not post.local or post.visibility not in OPEN:
        return []
    entity = resources.entity(facts, facts.resource, at=uris)
    written = (web_page(post, facts.resource, uris=uris), amb.amb(entity, language=post.language))
    return [Markup(json.dumps(block).decode().translate(ESCAPES)) for block in written]  # noqa: S704 -- escaped above; test_no_title_can_end_the_script_element


def image_of(post: Card, *, uris: Uris) -> str | None:
    """The address of the first preview that a resource has."""
    shown = [file for file in post.resource.files if file.preview_width] if post.resource else []
    return uris.preview(post.id, shown[0].name) if shown else None


def web_page(post: Card, resource: ResourceRow, *, uris: Uris) -> dict[str, Any]:
    page = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "@id": post.uri,
        "url": post.uri,
        "headline": post.title,
        "description": markup.excerpt(post.content, length=280),
        "author": {"@type": "Person", "name": post.author.name, "url": post.author.uri},
        "datePublished": post.published_at.date().isoformat(),
        "dateModified": (post.edited_at or post.published_at).date().isoformat(),
        "inLanguage": post.language,
        "image": image_of(post, uris=uris),
        "license": resource.licence_url,
    }
    return {name: value for name, value in page.items() if value is not None}
