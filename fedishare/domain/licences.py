"""What colleagues may do with a resource: the licences in plain words, which one fits, and what adapting asks for.

An adaptation is judged by `adapting`, from the licences of all it is based on and the one its author chose.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

_CC: Final = "https://creativecommons.org"
# AMB takes the addresses of these publishers as licences, and no others (resources.md 3.3).
_AMB: Final = (
    "creativecommons.org/licenses/",
    "creativecommons.org/licences/",
    "creativecommons.org/publicdomain/",
    "www.gnu.org/licenses/",
    "www.apache.org/licenses/",
    "opensource.org/licenses/MIT",
    "www.opensource.org/licenses/BSD",
)


class Licence(msgspec.Struct, frozen=True):
    """`id` is the SPDX id where there is one; `fits_amb` says whether AMB takes the address as a licence.

    `must_name` says that whoever uses it has to name its author.
    """

    id: str
    name: str
    short: str
    explanation: str
    url: str
    spdx: str | None
    may_adapt: bool = True
    share_alike: bool = False
    non_commercial: bool = False
    fits_amb: bool = True
    must_name: bool = True

    @property
    def slug(self) -> str:
        return self.id


LICENCES: Final = (
    Licence(
        id="CC0-1.0",
        name="Creative Commons Zero 1.0",
        short="CC0",
        explanation="Anyone may use, change and share this in any way, without naming you.",
        url=f"{_CC}/publicdomain/zero/1.0/",
        spdx="CC0-1.0",
        must_name=False,
    ),
    Licence(
        id="CC-BY-4.0",
        name="Creative Commons Attribution 4.0",
        short="CC BY 4.0",
        explanation="Anyone may use, change and share this, as long as they name you.",
        url=f"{_CC}/licenses/by/4.0/",
        spdx="CC-BY-4.0",
    ),
    Licence(
        id="CC-BY-SA-4.0",
        name="Creative Commons Attribution-ShareAlike 4.0",
        short="CC BY-SA 4.0",
        explanation="Anyone may use, change and share this if they name you and share their version in the same way.",
        url=f"{_CC}/licenses/by-sa/4.0/",
        spdx="CC-BY-SA-4.0",
        share_alike=True,
    ),
    Licence(
        id="CC-BY-NC-4.0",
        name="Creative Commons Attribution-NonCommercial 4.0",
        short="CC BY-NC 4.0",
        explanation="Anyone may use, change and share this if they name you and do not make money from it.",
        url=f"{_CC}/licenses/by-nc/4.0/",
        spdx="CC-BY-NC-4.0",
        non_commercial=True,
    ),
    Licence(
        id="CC-BY-NC-SA-4.0",
        name="Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
        short="CC BY-NC-SA 4.0",
        explanation="As CC BY-SA, and nobody may make money from it.",
        url=f"{_CC}/licenses/by-nc-sa/4.0/",
        spdx="CC-BY-NC-SA-4.0",
        share_alike=True,
        non_commercial=True,
    ),
    Licence(
        id="OGL-UK-3.0",
        name="Open Government Licence 3.0",
        short="OGL 3.0",
        explanation="For UK public bodies: anyone may use, change and share this, as long as they name the source.",
        url="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        spdx="OGL-UK-3.0",
        fits_amb=False,
    ),
    Licence(
        id="all-rights-reserved",
        name="All rights reserved",
        short="All rights reserved",
        explanation="Share only here: people may look at it and use it in class, but not change it or pass it on.",
        url="http://rightsstatements.org/vocab/InC/1.0/",
        spdx=None,
        may_adapt=False,
        fits_amb=False,
    ),
)

# Read when they arrive with somebody's resource, but not offered.
IMPORTED_LICENCES: Final = (
    Licence(
        id="CC-BY-ND-4.0",
        name="Creative Commons Attribution-NoDerivatives 4.0",
        short="CC BY-ND 4.0",
        explanation="Anyone may use and share this unchanged, as long as they name its author.",
        url=f"{_CC}/licenses/by-nd/4.0/",
        spdx="CC-BY-ND-4.0",
        may_adapt=False,
    ),
    Licence(
        id="CC-BY-NC-ND-4.0",
        name="Creative Commons Attribution-NonCommercial-NoDerivatives 4.0",
        short="CC BY-NC-ND 4.0",
        explanation="Anyone may use and share this unchanged if they name its author and make no money from it.",
        url=f"{_CC}/licenses/by-nc-nd/4.0/",
        spdx="CC-BY-NC-ND-4.0",
        may_adapt=False,
        non_commercial=True,
    ),
    Licence(
        id="PDM-1.0",
        name="Public Domain Mark 1.0",
        short="Public domain",
        explanation="Nobody holds rights in this any more: anyone may use, change and share it.",
        url=f"{_CC}/publicdomain/mark/1.0/",
        spdx=None,
        must_name=False,
    ),
)
DEFAULT_LICENCE: Final = "CC-BY-4.0"

LICENCES_BY_ID: Final = {entry.id: entry for entry in LICENCES + IMPORTED_LICENCES}


def _licence_key(url: str) -> str:
    """What is left of a licence's address when scheme, host prefix and the page that explains it do not matter."""
    bare = url.strip().lower().partition("#")[0].removeprefix("https://").removeprefix("http://").removeprefix("www.")
    bare = bare.replace("/licences/", "/licenses/").rstrip("/")
    explained = bare.rpartition("/")[2].partition(".")[0] in {"deed", "legalcode"}
    return bare.rpartition("/")[0] if explained else bare


_LICENCES_BY_KEY: Final = {_licence_key(known.url): known for known in LICENCES_BY_ID.values()}


def licence(slug: str) -> Licence | None:
    """A licence by its id, offered or imported."""
    return LICENCES_BY_ID.get(slug)


def licence_by_url(url: str) -> Licence | None:
    """A licence by its address, however that is spelled; another version of a licence is another licence."""
    return _LICENCES_BY_KEY.get(_licence_key(url))


# What others call theirs by an address or a code: what its address or its code begins with, and a name for it.
_ELSEWHERE: Final = (
    (("gnu.org/licenses/fdl", "gfdl"), "GNU Free Documentation Licence"),
    (("gnu.org/licenses/lgpl", "lgpl"), "GNU Lesser General Public Licence"),
    (("gnu.org/licenses/agpl", "agpl"), "GNU Affero General Public Licence"),
    (("gnu.org/licenses/gpl", "gnu.org/licenses", "gpl"), "GNU General Public Licence"),
    (("opensource.org/licenses/mit", "opensource.org/license/mit", "mit"), "MIT licence"),
    (("apache.org/licenses/license-2", "apache-2"), "Apache Licence 2.0"),
    (("opendatacommons.org/licenses/odbl", "odbl"), "Open Database Licence"),
    (("artlibre.org", "lal-1"), "Free Art Licence"),
    (("nationalarchives.gov.uk/doc/open-government-licence/version/1", "ogl-uk-1"), "Open Government Licence 1.0"),
    (("nationalarchives.gov.uk/doc/open-government-licence/version/2", "ogl-uk-2"), "Open Government Licence 2.0"),
    (("open.canada.ca/en/open-government-licence", "ogl-canada"), "Open Government Licence Canada"),
    (("govdata.de/dl-de/zero", "dl-de/zero", "dl-de-zero"), "Data licence Germany, Zero"),
    (("govdata.de/dl-de", "dl-de"), "Data licence Germany, Attribution"),
    (("rightsstatements.org/vocab/inc-edu", "inc-edu"), "In copyright, educational use permitted"),
    (("rightsstatements.org/vocab/inc", "inc"), "In copyright"),
    (("rightsstatements.org/vocab/noc", "noc"), "No copyright"),
    (("rightsstatements.org/vocab/cne", "cne"), "Copyright not evaluated"),
)
_CC_ADDRESS: Final = re.compile(
    r"creativecommons\.org/licenses/((?:by|nc|nd|sa)(?:-(?:nc|nd|sa)){0,2})/(\d\.\d)(?:/([a-z]{2,3}))?"
)
_CC_CODE: Final = re.compile(r"cc[ _-]((?:by|nc|nd|sa)(?:-(?:nc|nd|sa)){0,2})[ _-](\d\.\d)(?:[ _-]([a-z]{2,3}))?")
UNKNOWN: Final = "Another licence"
WHY_NOT_UNKNOWN: Final = (
    "This node does not know its licence, and so not whether it may be changed and shared again. Read the licence on "
    "the page of its author, or ask them."
)


def plain_name(label: str, url: str | None) -> str:
    """What to call a licence that is none of ours: in words, and never by its address or code. Nothing where none is.

    `label` is what its author calls it, which is kept where it is words.
    """
    if not label and not url:
        return ""
    key, code = _licence_key(url or label), label.strip().lower()
    found = _CC_ADDRESS.match(key) or _CC_CODE.fullmatch(code)
    if found is not None:
        kind, version, country = found.groups()
        return " ".join(filter(None, ("CC", kind.upper(), version, (country or "").upper())))
    if " " in label.strip() and "://" not in label:
        return label
    for beginnings, name in _ELSEWHERE:
        if any(key.startswith(each) if "." in each else _is_code(code, each) for each in beginnings):
            return name
    return UNKNOWN


def _is_code(code: str, beginning: str) -> bool:
    """GPL-3.0-only is one, and GPLAY is none."""
    return code == beginning or code.startswith((f"{beginning}-", f"{beginning}.", f"{beginning}/"))


def fits_amb(url: str) -> bool:
    """Whether AMB takes this address as that of a licence, ours or not."""
    return url.removeprefix("https://").removeprefix("http://").startswith(_AMB)


def suggest(*, may_change: bool, may_sell: bool, share_alike: bool) -> Licence:
    """The licence that fits three answers: may it be changed, may money be made, must changes be shared alike?"""
    if not may_change:
        return LICENCES_BY_ID["all-rights-reserved"]
    return LICENCES_BY_ID[f"CC-BY{'' if may_sell else '-NC'}{'-SA' if share_alike else ''}-4.0"]


class Ruling(msgspec.Struct, frozen=True):
    """Whether an adaptation may be shared. `refusal` and `warnings` are sentences for its author.

    `carried` is the only licence it can have, where what it is based on decides that.
    """

    refusal: str | None = None
    carried: Licence | None = None
    warnings: tuple[str, ...] = ()


def adapting(sources: Sequence[Licence | None], chosen: Licence | None = None) -> Ruling:
    """What the licences of all that an adaptation is based on say to it; None is one that we do not know.

    What may not be changed is refused, share-alike carries over, and terms that do not go together
    are warned of (resources.md 3.3). Without `chosen` it tells what can be chosen.
    """
    known = [source for source in sources if source is not None]
    closed = next((source for source in known if not source.may_adapt), None)
    if closed is not None:
        return Ruling(
            f"What this is based on is under {closed.short}, so it may not be changed and shared again. "
            "Ask its author for permission, or link to it instead."
        )
    alike = {source.id: source for source in known if source.share_alike}
    names = " or ".join(source.short for source in alike.values())
    warnings = tuple(_warnings(sources, known, alike=list(alike.values()), chosen=chosen))
    if alike and chosen is not None and chosen.id not in alike:
        return Ruling(
            f"What this is based on asks that changed versions are shared in the same way: choose {names}.",
            next(iter(alike.values())) if len(alike) == 1 else None,
            warnings,
        )
    return Ruling(None, next(iter(alike.values())) if len(alike) == 1 else None, warnings)


def _warnings(
    sources: Sequence[Licence | None], known: Sequence[Licence], *, alike: Sequence[Licence], chosen: Licence | None
) -> Iterator[str]:
    if None in sources:
        yield "The licence of what this is based on is not known here: look at its page before you share."
    unpaid = any(source.non_commercial for source in known)
    if unpaid and any(not source.non_commercial for source in alike):
        yield (
            "One source asks for the same licence, and another forbids making money: no licence keeps both promises. "
            "Ask one of the authors, or leave one of the sources out."
        )
    elif unpaid and chosen is not None and not chosen.non_commercial and chosen.may_adapt:
        yield (
            "What this is based on may not be used to make money, and the licence you chose allows it: "
            "choose one of the licences with NC."
        )
    if chosen is not None and not chosen.must_name and any(source.must_name for source in known):
        yield "The author of what this is based on wants to be named: keep their name in the credit line."
