import pytest

from ca.settings import CaSettings, Installation, OidCa, http_url_problem, is_oid, name_problem
from pki.domain.errors import ConfigurationInvalid

ARC = "1.3.6.1.4.1.32473.2026"
URL = "http://status.example.com"


def settings(
    kind: Installation = Installation.PRACTICE,
    *,
    operator: str = "ZORG-ID PRACTICE",
    arc: str = ARC,
    url: str = URL,
) -> CaSettings:
    return CaSettings(installation=kind, operator=operator, oid_arc=arc, base_url=url)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " X",
        "X ",
        "#X",
        "A, B",
        "A=B",
        "A+B",
        'A "B"',
        "A 'B'",
        "A ’B’",
        "A\\B",
        "A;B",
        "<A>",
        "A\nB",
        "A\x00B",
        "A\x7fB",
        "A\u200bB",
        "A\u202eB",
        "A  B",
        "A" * 65,
    ],
)
def test_names_that_relying_parties_would_take_apart_are_refused(name: str) -> None:
    assert name_problem(name) is not None
    with pytest.raises(ConfigurationInvalid) as refused:
        settings(operator=f"{name} PRACTICE" if name.startswith("A") else name)
    assert refused.value.key == "ca.operator"


@pytest.mark.parametrize(
    "name", ["VZVZ", "Zorgverlening Überlingen & Zn.", "ZORG-ID (test)", "A" * 64]
)
def test_plain_names_pass(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("kind", "operator"),
    [
        (Installation.PRACTICE, "VZVZ"),
        (Installation.PRACTICE, "VZVZ PRACTICED"),
        (Installation.PRACTICE, "VZVZ PRACTICE ACCEPTANCE"),
        (Installation.ACCEPTANCE, "VZVZ"),
        (Installation.ACCEPTANCE, "VZVZ PRACTICE"),
        (Installation.PRODUCTION, "VZVZ practice"),
        (Installation.PRODUCTION, "VZVZ ACCEPTANCE"),
    ],
)
def test_kinds_of_installation_are_never_mixed(kind: Installation, operator: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        settings(kind, operator=operator, arc="1.3.6.1.4.1.99999.1")
    assert refused.value.key == "ca.operator"


def test_production_needs_an_arc_of_its_own() -> None:
    own = settings(Installation.PRODUCTION, operator="VZVZ", arc="1.3.6.1.4.1.99999.1")
    assert own.installation.mark == ""
    for kind, operator in (
        (Installation.PRODUCTION, "VZVZ"),
        (Installation.ACCEPTANCE, "VZVZ ACCEPTANCE"),
    ):
        for example in ("2.999.1", ARC):
            with pytest.raises(ConfigurationInvalid) as refused:
                settings(kind, operator=operator, arc=example)
            assert refused.value.key == "ca.oid_arc"
    assert settings(arc="2.999.20261").oid_arc == "2.999.20261"


@pytest.mark.parametrize(
    "arc",
    [
        "",
        "2",
        "3.1.2",
        "1.40.1",
        "2.999.01",
        "2.999.",
        "2.999.a",
        "2.16.528.1.1003",
        "2.16.528.1.1007.99",
    ],
)
def test_wrong_and_foreign_arcs_are_refused(arc: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        settings(arc=arc)
    assert refused.value.key == "ca.oid_arc"


def test_neighbours_of_foreign_arcs_are_not_foreign() -> None:
    assert settings(arc="2.16.528.1.10030.1").oid_arc == "2.16.528.1.10030.1"
    assert is_oid("2.999.1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://status.example.com",
        "ldap://status.example.com",
        "http://",
        "http://user@host",
        "http://host/",
        "http://host/a/",
        "http://host/a b",
        "http://host/?a",
        "http://host/#a",
        "http://host/é",
        "http://host:port",
        "http://ho st",
    ],
)
def test_urls_that_clients_cannot_use_are_refused(url: str) -> None:
    assert http_url_problem(url) is not None
    with pytest.raises(ConfigurationInvalid) as refused:
        settings(url=url)
    assert refused.value.key == "ca.base_url"


@pytest.mark.parametrize(
    "url", [URL, "http://127.0.0.1:8080", "http://[::1]:80/a/b.crl", "http://h"]
)
def test_plain_urls_pass(url: str) -> None:
    assert http_url_problem(url) is None


def test_oid_ca_is_our_own_unless_it_is_to_be_copied() -> None:
    theirs = "2.16.528.1.1007.99.218"
    assert settings().oid_ca_for(theirs) == ARC
    copying = CaSettings(
        installation=Installation.PRACTICE,
        operator="ZORG-ID PRACTICE",
        oid_arc=ARC,
        base_url=URL,
        oid_ca=OidCa.COPY,
    )
    assert copying.oid_ca_for(theirs) == theirs
