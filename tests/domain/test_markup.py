"""Markdown, mentions, hashtags and links of the people who write here."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedishare.core.errors import Invalid, TooLarge
from fedishare.domain import markup
from fedishare.domain.html import TAGS

ADA = (
    '<span class="h-card" translate="no"><a href="https://hawes.example/@ada" class="u-url mention">'
    "@<span>ada</span></a></span>"
)
MATHS = '<a href="https://here.example/tags/maths" class="mention hashtag" rel="tag">#<span>Maths</span></a>'
PEOPLE = {"ada@hawes.example": ("https://hawes.example/@ada", "ada"), "ada": ("https://hawes.example/@ada", "ada")}


def render(source: str) -> markup.Rendered:
    return markup.render(source, mention_url=PEOPLE.get, tag_url=lambda tag: f"https://here.example/tags/{tag}")


def link(url: str, shown: str = "") -> str:
    return f'<a href="{url}" rel="nofollow noopener noreferrer">{shown or url}</a>'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        pytest.param("One\ntwo\n\nthree", "<p>One<br>two</p><p>three</p>", id="lines-and-paragraphs"),
        pytest.param("# A\n###### B\n\nC\n---", "<h2>A</h2><h6>B</h6><h2>C</h2>", id="headings-begin-at-the-second"),
        pytest.param("**a** *b* `c < d`", "<p><strong>a</strong> <em>b</em> <code>c &lt; d</code></p>", id="emphasis"),
        pytest.param(
            "- a\n- b\n\n3. c\n4. d", '<ul><li>a</li><li>b</li></ul><ol start="3"><li>c</li><li>d</li></ol>', id="lists"
        ),
        pytest.param(
            "> a\n\n```py\nb <c>\n```",
            "<blockquote><p>a</p></blockquote><pre><code>b &lt;c&gt;</code></pre>",
            id="blocks",
        ),
        pytest.param("<b>x</b><script>", "<p>&lt;b&gt;x&lt;/b&gt;&lt;script&gt;</p>", id="raw-html-is-text"),
        pytest.param(
            "![alt](https://x.example/i.png)",
            f"<p>!{link('https://x.example/i.png', 'alt')}</p>",
            id="an-image-is-a-link",
        ),
        pytest.param("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>", id="XSS-02-a-bad-link-is-text"),
        pytest.param(
            "[a](<https://x.example/\"x> 't')",
            f"<p>{link('https://x.example/%22x', 'a')}</p>",
            id="a-link-with-a-quote",
        ),
        pytest.param("<https://x.example/>", f"<p>{link('https://x.example/')}</p>", id="autolink"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_markdown_becomes_our_tags_without_line_ends_between_blocks(source: str, html: str) -> None:
    assert render(source).html == html


@pytest.mark.parametrize(
    ("source", "html", "mentions"),
    [
        pytest.param("@ada@Hawes.Example", f"<p>{ADA}</p>", ("ada@hawes.example",), id="elsewhere"),
        pytest.param("Thanks, (@ada)!", f"<p>Thanks, ({ADA})!</p>", ("ada",), id="here-in-brackets"),
        pytest.param("*@ada*", f"<p><em>{ADA}</em></p>", ("ada",), id="emphasised"),
        pytest.param("@ada @ADA", f"<p>{ADA} {ADA}</p>", ("ada",), id="named-twice-is-found-once"),
        pytest.param("@bob", "<p>@bob</p>", ("bob",), id="nobody-we-know-stays-text"),
        pytest.param(
            "@b_o_b.c-d@x.example:8443.",
            "<p>@b_o_b.c-d@x.example:8443.</p>",
            ("b_o_b.c-d@x.example:8443",),
            id="underscores-and-port",
        ),
        pytest.param(
            "@_ada_@x.example", "<p>@_ada_@x.example</p>", ("_ada_@x.example",), id="underscores-are-not-emphasis"
        ),
        pytest.param(
            "@ada@schule.exämple", "<p>@ada@schule.exämple</p>", ("ada@schule.exämple",), id="a-host-in-another-script"
        ),
        pytest.param("mail ada@hawes.example", "<p>mail ada@hawes.example</p>", (), id="an-email-address-is-none"),
        pytest.param("@ada@ x @a@b@c @jörg", "<p>@ada@ x @a@b@c @jörg</p>", (), id="half-a-handle-is-none"),
        pytest.param("`@ada`\n\n    @ada", "<p><code>@ada</code></p><pre><code>@ada</code></pre>", (), id="in-code"),
        pytest.param(r"\@ada", "<p>@ada</p>", (), id="escaped"),
        pytest.param("[@ada](https://x.example)", f"<p>{link('https://x.example', '@ada')}</p>", (), id="in-a-link"),
    ],
)
def test_mentions(source: str, html: str, mentions: tuple[str, ...]) -> None:
    rendered = render(source)

    assert (rendered.html, rendered.mentions) == (html, mentions)
    assert markup.find_mentions(source) == mentions


@pytest.mark.parametrize(
    ("source", "html", "hashtags"),
    [
        pytest.param("#Maths", f"<p>{MATHS}</p>", ("Maths",), id="alone-on-a-line-is-no-heading"),
        pytest.param(
            "(#Maths, #maths)",
            f"<p>({MATHS}, {MATHS.replace('Maths', 'maths')})</p>",
            ("Maths",),
            id="two-spellings-are-one",
        ),
        pytest.param(
            "#4 a#b https://x.example/#c &#35;",
            f"<p>#4 a#b {link('https://x.example/#c')} #</p>",
            (),
            id="not-hashtags",
        ),
        pytest.param("`#Maths` \\#Maths", "<p><code>#Maths</code> #Maths</p>", (), id="in-code-or-escaped"),
        pytest.param("##Maths", "<p>##Maths</p>", (), id="two-signs"),
    ],
)
def test_hashtags(source: str, html: str, hashtags: tuple[str, ...]) -> None:
    rendered = render(source)

    assert (rendered.html, rendered.hashtags) == (html, hashtags)
    assert markup.find_hashtags(source) == hashtags


def test_a_hashtag_keeps_the_vowel_signs_of_its_script() -> None:
    assert markup.find_hashtags("#हिन्दी, #snake_case_4 #été") == ("हिन्दी", "snake_case_4", "été")


@pytest.mark.parametrize(
    ("source", "html", "links"),
    [
        pytest.param(
            "See https://x.example/a_b*c_(d).",
            f"<p>See {link('https://x.example/a_b*c_(d)')}.</p>",
            ("https://x.example/a_b*c_(d)",),
            id="in-a-sentence",
        ),
        pytest.param(
            "(https://x.example/a)",
            f"<p>({link('https://x.example/a')})</p>",
            ("https://x.example/a",),
            id="in-brackets",
        ),
        pytest.param(
            "**https://x.example**",
            f"<p><strong>{link('https://x.example')}</strong></p>",
            ("https://x.example",),
            id="emphasised",
        ),
        pytest.param(
            "xhttps://x.example ftp://x.example", "<p>xhttps://x.example ftp://x.example</p>", (), id="other-schemes"
        ),
        pytest.param("https://a@evil.example/", "<p>https://a@evil.example/</p>", (), id="credentials"),
        pytest.param(
            "[a][1] [b][1]\n\n[1]: https://x.example/",
            f"<p>{link('https://x.example/', 'a')} {link('https://x.example/', 'b')}</p>",
            ("https://x.example/",),
            id="each-once",
        ),
        pytest.param(
            "https://x.example/?a=1&b=2",
            f"<p>{link('https://x.example/?a=1&amp;b=2', 'https://x.example/?a=1&amp;b=2')}</p>",
            ("https://x.example/?a=1&b=2",),
            id="ampersand",
        ),
    ],
)
def test_links(source: str, html: str, links: tuple[str, ...]) -> None:
    rendered = render(source)

    assert (rendered.html, rendered.links) == (html, links)


def test_an_address_that_is_not_safe_never_becomes_a_mention() -> None:
    rendered = markup.render("@ada", mention_url=lambda _: ("javascript:x", "ada"), tag_url=lambda tag: tag)

    assert rendered.html == "<p>@ada</p>"


def test_a_name_from_elsewhere_is_escaped_in_a_mention() -> None:
    rendered = markup.render("@ada", mention_url=lambda _: ('https://x.example/"', "<b>"), tag_url=lambda tag: tag)

    assert rendered.html == (
        '<p><span class="h-card" translate="no"><a href="https://x.example/%22" class="u-url mention">'
        "@<span>&lt;b&gt;</span></a></span></p>"
    )


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Maths", "maths"),
        ("#KS2Maths", "ks2maths"),
        ("\uff03\uff2d\uff41ths", "maths"),
        ("Straße", "strasse"),
        ("2026_27", "2026_27"),
        ("2026", ""),
        ("_", ""),
        ("", ""),
        ("two words", ""),
        ("a-b", ""),
        ("<b>", ""),
        ("a" * 101, ""),
    ],
)
def test_fold_tag(name: str, folded: str) -> None:
    assert markup.fold_tag(name) == folded


@given(st.text(max_size=20))
def test_a_folded_tag_folds_to_itself(name: str) -> None:
    folded = markup.fold_tag(name)

    assert markup.fold_tag(folded) == folded


@pytest.mark.parametrize("ask", [render, markup.find_mentions, markup.find_hashtags])
def test_a_text_over_the_cap_is_refused(ask: object) -> None:
    assert callable(ask)
    assert issubclass(TooLarge, Invalid)

    with pytest.raises(TooLarge, match="too long"):
        ask("é" * 100_000)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(unit, id=f"DOS-20-{unit.strip() or 'newline'}")
        for unit in (
            "a@",
            "@a-.-.-",
            "@a.",
            "#",
            "#a ",
            "http://",
            ",http://",
            ".",
            "[",
            "*[",
            "`",
            "\\",
            "> ",
            "\n",
            "&",
        )
    ],
)
def test_a_hostile_text_of_full_size_is_not_parsed_but_shown(unit: str) -> None:
    source = (unit * 65_536)[:65_536]

    rendered = render(source)

    assert rendered.mentions == rendered.hashtags == ()
    assert re.findall("<[^<>]*>", rendered.html)[:1] == ["<p>"]


def test_a_text_with_too_much_markup_is_shown_as_it_was_written() -> None:
    rendered = render("One *two*\nthree\n\n\nfour <b>" + "*" * 3000)

    assert rendered.html == "<p>One *two*<br>three</p><p>four &lt;b&gt;" + "*" * 3000 + "</p>"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "@ada",
                    "@ada@hawes.example",
                    "#Maths",
                    "https://x.example/",
                    "[",
                    "]",
                    "(",
                    ")",
                    "*",
                    "_",
                    "`",
                    "<",
                    ">",
                ),
                *(
                    "\n",
                    "    ",
                    "- ",
                    "> ",
                    "# ",
                    "&amp;",
                    "\\",
                    "a",
                    " ",
                    '"',
                    "'",
                    "javascript:x",
                    "\ud800",
                    "\x00",
                    "!",
                    "1. ",
                ),
            ]
        ),
        max_size=40,
    ).map("".join)
    | st.text(max_size=200)
)
def test_whatever_is_written_gives_only_allowed_tags_and_the_mentions_found_before(source: str) -> None:
    rendered = render(source)

    tags = re.findall(r"</?([a-z0-9]+)[^<>]*>", rendered.html)
    assert len(tags) == rendered.html.count("<")
    assert set(tags) <= TAGS
    assert set(re.findall('href="([a-z]+)', rendered.html)) <= {"http", "https"}
    assert rendered.mentions == markup.find_mentions(source)
    assert rendered.hashtags == markup.find_hashtags(source)
    assert markup.plain(markup.clean(rendered.html)) == markup.plain(rendered.html)
