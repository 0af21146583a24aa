"""What is written as XML can be read as XML, whatever somebody typed."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from fedishare.core import xml

READABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


def fit(text: str) -> str:
    """Without what XML 1.0 has no way to write."""
    return "".join(letter for letter in text if letter in "\t\n" or (letter >= " " and letter not in "\ufffe\uffff"))


@given(READABLE, READABLE)
def test_texts_and_attributes_come_back_as_they_were(said: str, attribute: str) -> None:
    written = xml.document(xml.element("a", said, xml.element("b", href=attribute)))

    root = ET.fromstring(written)  # noqa: S314 -- what it reads was written a line above

    assert (root.text or "", root[0].get("href")) == (fit(said), fit(attribute))


def test_what_is_xml_already_is_not_escaped_again() -> None:
    inner = xml.element("b", "1 < 2 & \x00\x1b]]>")

    assert xml.element("a", inner, "&") == "<a><b>1 &lt; 2 &amp; ]]&gt;</b>&amp;</a>"


def test_names_with_a_prefix_and_empty_elements() -> None:
    assert (
        xml.element("oai_dc:dc", xmlns_oai_dc="urn:x", xml_lang="en")
        == '<oai_dc:dc xmlns:oai_dc="urn:x" xml:lang="en"/>'
    )
