"""Which e-mail addresses are taken, and that nothing of them can speak SMTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.domain.errors import Malformed
from pki.domain.notices.addresses import LONGEST, EmailAddress


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("beheer@praktijk.example", "beheer@praktijk.example"),
        ("Beheer.Zorg+pas@Praktijk.Example", "Beheer.Zorg+pas@praktijk.example"),
        ("a@café.example", "a@xn--caf-dma.example"),
        ("o'neill@huis-arts.nl", "o'neill@huis-arts.nl"),
        ("a" * 64 + "@b.nl", "a" * 64 + "@b.nl"),
    ],
)
def test_what_is_taken(typed: str, kept: str) -> None:
    assert EmailAddress.parse(typed).value == kept
    assert EmailAddress(kept).value == kept
    assert EmailAddress(kept).domain == kept.partition("@")[2]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "xyzzy",
        "@xyzzy.example",
        "xyzzy@",
        "xyzzy@praktijk",
        "a b@c.nl",
        "a@b@c.nl",
        "a..b@c.nl",
        ".a@c.nl",
        '"a"@c.nl',
        "a@[127.0.0.1]",
        "a@-c.nl",
        "a@c-.nl",
        "é@c.nl",
        "a@straße.example",
        "a@b\u200cc.example",
        "a@c.nl\r\nRCPT TO:<b@d.nl>",
        "a@c.nl\n",
        "a@c.nl ",
        "<a@c.nl>",
        "A <a@c.nl>",
        "a,b@c.nl",
        "a" * 65 + "@c.nl",
        f"a@{'b' * 64}.nl",
        "a@" + "b." * 130 + "nl",
    ],
)
def test_what_is_not_taken(typed: str) -> None:
    with pytest.raises(Malformed) as refused:
        EmailAddress.parse(typed)
    assert not typed or typed not in f"{refused.value} {refused.value.next_step}"


@given(st.text(max_size=300))
def test_nothing_that_is_taken_leaves_its_line(typed: str) -> None:
    try:
        value = EmailAddress.parse(typed).value
    except Malformed:
        return
    assert value.isascii()
    assert len(value) <= LONGEST
    assert not set(value) & set(' \r\n\t\0<>()[],;:\\"')
    assert EmailAddress.parse(value).value == value
