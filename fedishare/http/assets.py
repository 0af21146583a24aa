"""Static files under names that carry their fingerprint, and the template environment."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import jinja2
from markupsafe import Markup

from fedishare import __version__, paths
from fedishare.core.uris import Uris
from fedishare.domain import contents, days, files, markup
from fedishare.settings import Settings

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}


class Asset:
    __slots__ = ("body", "name", "type")

    def __init__(self, name: str, body: bytes) -> None:
        fingerprint = hashlib.sha256(body).hexdigest()[:12]
        stem, dot, suffix = name.rpartition(".")
        self.name = f"{stem}.{fingerprint}{dot}{suffix}"
        self.body = body
        self.type = TYPES[dot + suffix]


class Static:
    """All static files, read once: they are few and small."""

    def __init__(self, folder: Path = paths.STATIC) -> None:
        found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in TYPES)
        self._by_plain = {str(path.relative_to(folder)): path.read_bytes() for path in found}
        assets = {plain: Asset(plain, body) for plain, body in self._by_plain.items()}
        self._names = {plain: asset.name for plain, asset in assets.items()}
        self._assets = {asset.name: asset for asset in assets.values()}

    def path(self, plain: str) -> str:
        """The address of a static file, e.g. `static("style.css")`; it changes when the file does."""
        return f"/static/{self._names[plain]}"

    def find(self, name: str) -> Asset | None:
        return self._assets.get(name)


class Context(jinja2.runtime.Context):
    """Jinja's own, with a shorter way to call: a page has a thousand calls."""

    def call(self, called: Callable[..., object], /, *values: object, **named: object) -> object:
        # Jinja asks each time whether a function wants the context. None of ours does, and a macro needs no asking.
        named.pop("_block_vars", None)
        named.pop("_loop_vars", None)
        return called(*values, **named)


def templates(settings: Settings, static: Static) -> jinja2.Environment:
    """Jinja2 with autoescape on everywhere, and what every template may use."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.folder("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # or every page would look at every file it is made of
        bytecode_cache=_compiled(settings.data / "cache" / "templates"),
        extensions=["jinja2.ext.i18n"],
    )
    environment.context_class = Context
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # added by the i18n extension
    environment.globals.update(
        _=said,
        gettext=said,
        ngettext=said_of,
        icon=_icons(static),
        static=static.path,
        url=Uris(settings.url),
        node={"name": settings.name, "url": settings.url, "version": __version__},
    )
    environment.filters.update(
        ago=ago,
        date=date,
        day=days.day,
        spoken=days.spoken,
        iso=iso,
        size=files.human_size,
        plain=markup.plain,
        describe=files.describe,
        remarks=lambda file: contents.remarks(file.name, file.media_type, has_macros=file.has_macros),
        without_quote_line=markup.without_quote_line,
    )
    return environment


def _compiled(folder: Path) -> jinja2.BytecodeCache | None:
    """Where compiled templates are kept: to compile those of one page takes as long as a hundred pages."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None  # It takes longer, and nothing is lost.
    return jinja2.FileSystemBytecodeCache(str(folder))


def _icons(static: Static) -> Callable[[str], Markup]:
    """`icon("home")`: one of the sprite. It is never the only name of a thing; the words stand beside it."""
    sprite = static.path("icons.svg")

    @cache
    def icon(name: str) -> Markup:
        shown = '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>'
        return Markup(shown).format(sprite, name)  # noqa: S704 -- ours; the values are escaped

    return icon


def said(text: str, /, **values: object) -> Markup:
    """A sentence of a template, with its values escaped and put in. A page has hundreds of sentences."""
    return Markup(text) % values if values else _unchanging(text)  # noqa: S704 -- templates are ours


def said_of(one: str, several: str, number: int, /, **values: object) -> Markup:
    return said(one if number == 1 else several, **({"num": number} | values))


@lru_cache(maxsize=2048)
def _unchanging(text: str) -> Markup:
    # As with values, a percent sign that is meant is written twice.
    return Markup(text) % {}  # noqa: S704 -- as above


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def date(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}, {moment:%H:%M} UTC"


def ago(moment: datetime, now: datetime) -> str:
    """A short word for how long ago, as people say it."""
    seconds = max(0, int((now - moment).total_seconds()))
    steps: tuple[tuple[int, str], ...] = ((86_400, "d"), (3600, "h"), (60, "min"))
    if seconds > 7 * 86_400:
        return f"{moment.day} {moment:%b %Y}"
    return next((f"{seconds // size} {unit}" for size, unit in steps if seconds >= size), "now")
