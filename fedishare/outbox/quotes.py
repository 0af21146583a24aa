"""Quotes put into words: the terms of a post that quotes, and the line for servers that know no quotes (FEP-044f)."""

from html import escape
from typing import Final

from fedishare.as2.write import Document
from fedishare.domain.kinds import QuoteState
from fedishare.queries.outgoing import QuoteRow

# A quote that was refused is a link, and says no more than that.
TOLD: Final = frozenset({QuoteState.PENDING, QuoteState.ACCEPTED})


def fallback(quote: QuoteRow | None) -> str:
    """The line for servers that show no quotes; those that do leave it out."""
    if quote is None:
        return ""
    uri = escape(quote.quoted_uri)
    return f'<p class="quote-inline">RE: <a href="{uri}">{uri}</a></p>'


def terms(quote: QuoteRow) -> Document:
    """What makes a post a quote, in three spellings (mastodon.md 3.5)."""
    if quote.state not in TOLD:
        return {}
    shaped: Document = dict.fromkeys(("quote", "_misskey_quote", "quoteUri"), quote.quoted_uri)
    if quote.state is QuoteState.ACCEPTED and quote.stamp_uri is not None:
        shaped["quoteAuthorization"] = quote.stamp_uri
    return shaped
