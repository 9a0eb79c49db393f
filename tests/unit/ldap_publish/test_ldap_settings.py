from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ldap_publish.directory import LdapServer
from ldap_publish.slapd import PrivateSlapd, SlapdPlace
from ldap_publish.slapd_conf import SlapdConf, render
from pki.domain.errors import ConfigurationInvalid
from pki.ports import SystemEntropy

CONF = SlapdConf(
    base="o=ZORG-ID,c=NL",
    database=Path("/data/ldap/database"),
    password_hash="{SSHA}x",
    schemas=(Path("/a b.schema"),),
    candidates=16,
    runtime=Path("/data/ldap"),
)


def server(url: str, ca_file: Path | None = None) -> LdapServer:
    return LdapServer(url=url, bind_dn="cn=x", password="geheim", ca_file=ca_file)


@pytest.mark.parametrize(
    "url", ["ldap://127.0.0.1:389", "ldap://[::1]:1", "ldap://localhost", "ldapi://%2Frun%2Fldapi"]
)
def test_plain_ldap_stays_on_this_host(url: str) -> None:
    assert server(url).url == url


@pytest.mark.parametrize(
    "url", ["ldap://10.0.0.1", "ldap://example.nl", "ldaps://example.nl", "http://127.0.0.1", ""]
)
def test_a_password_never_goes_over_a_network_in_the_clear(url: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        server(url)
    assert refused.value.key == "ldap.url"
    assert refused.value.next_step


def test_ldaps_with_roots_is_accepted_and_the_password_is_not_shown() -> None:
    accepted = server("ldaps://example.nl", Path("roots.pem"))
    assert "geheim" not in repr(accepted)


def test_the_configuration_limits_anonymous_searches() -> None:
    text = render(CONF)
    assert 'include "/a b.schema"' in text
    assert "limits anonymous size.soft=16 size.hard=16 size.unchecked=16" in text
    assert 'rootdn "cn=publisher,o=ZORG-ID,c=NL"' in text


@pytest.mark.parametrize("hostile", ['/a"b', "/a\nrootpw x", "/a\\b", "/a\0"])
def test_a_path_cannot_smuggle_in_a_directive(hostile: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        render(replace(CONF, runtime=Path(hostile)))


def test_a_socket_path_that_is_too_long_gives_way_to_the_port(tmp_path: Path) -> None:
    def slapd(directory: Path) -> PrivateSlapd:
        return PrivateSlapd(SlapdPlace(directory=directory, port=1, schemas=()), SystemEntropy())

    assert slapd(Path("/data/ldap")).writer_url == "ldapi://%2Fdata%2Fldap%2Fldapi"
    assert slapd(Path("/" + "d" * 100)).writer_url == "ldap://127.0.0.1:1"


async def test_a_missing_slapd_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ldap_publish.slapd.find_slapd", lambda: None)
    place = SlapdPlace(directory=tmp_path, port=1, schemas=())
    with pytest.raises(ConfigurationInvalid, match="not installed") as missing:
        await PrivateSlapd(place, SystemEntropy()).start()
    assert "apt-get install slapd" in missing.value.next_step


async def test_a_missing_schema_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ldap_publish.slapd.find_slapd", lambda: Path("/bin/false"))
    place = SlapdPlace(directory=tmp_path, port=1, schemas=(tmp_path / "zorgid.schema",))
    monkeypatch.setattr("ldap_publish.slapd.DEBIAN_SCHEMAS", ())
    with pytest.raises(ConfigurationInvalid, match=r"zorgid\.schema"):
        await PrivateSlapd(place, SystemEntropy()).start()
    secret = tmp_path / "publisher.secret"
    assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "given",
    [
        {"url": "ldap://127.0.0.1"},
        {"url": "ldaps://example.nl", "ca_file": Path("roots.pem")},
        {"url": "ldapi://x", "bind_dn": "cn=x"},
        {"url": "ldap://127.0.0.1", "password": "x"},
    ],
)
def test_nobody_writes_as_nobody(given: dict[str, Any]) -> None:
    """Servers answer a bind by name without a password with success, and take it for anonymous."""
    with pytest.raises(ConfigurationInvalid) as refused:
        LdapServer(**given)
    assert refused.value.key == "ldap.bind_dn"
