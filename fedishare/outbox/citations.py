"""How to name a resource in a text of one's own: a line for people, and an entry for BibTeX."""

from datetime import datetime
from typing import Final

from fedishare.queries.outgoing import PostFacts
from fedishare.queries.resources import ResourceRow

_SPECIAL: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "%": r"\%",
        "&": r"\&",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "^": r"\^{}",
        "~": r"\~{}",
    }
)
# What would end an entry, or begin a comment in it, inside an address.
_ADDRESS: Final = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C"})


def line(
    row: ResourceRow,
    *,
    author: str,
    school: str,
    title: str,
    url: str,
    published_at: datetime,
    edited_at: datetime | None,
) -> str:
    """Who, when, what, under which licence, and where. A credit line stands for author and school."""
    who = row.credit or ", ".join(filter(None, (author, school)))
    version = f" (version {row.version})" if edited_at is not None else ""
    said = [f"{who} ({(edited_at or published_at):%Y})", f"{title}{version}", row.licence_label, url]
    return ". ".join(part.rstrip(". ") for part in said if part)


def bibtex(facts: PostFacts, row: ResourceRow) -> str:
    """One entry. The braces around the title keep its capitals."""
    post = facts.post
    changed = post.edited_at or post.published_at
    notes = (row.licence_label, row.credit, f"version {row.version}" if post.edited_at else "")
    fields = {
        "author": f"{{{_tex(facts.author.name)}}}",
        "title": f"{{{_tex(post.title or '')}}}",
        "year": f"{changed:%Y}",
        "month": f"{changed:%m}",
        "publisher": f"{{{_tex(facts.node_name)}}}" if facts.node_name else "",
        "howpublished": "Teaching resource",
        "language": _tex(post.language or ""),
        "note": _tex("; ".join(filter(None, notes))),
        "url": post.url.translate(_ADDRESS),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@misc{{resource{post.id},\n{lines}}}\n"


def _tex(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)
