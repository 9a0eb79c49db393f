import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from ca.profile import CertificateKind, Profile
from ca.profiles import load_profiles, read_profile
from fixtures.signers import PROFILES, SETTINGS
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid


def text_of(name: str) -> str:
    return (PROFILES / f"{name}.toml").read_text()


def changed(name: str, old: str, new: str) -> bytes:
    text = text_of(name)
    assert text.count(old) == 1, old
    return text.replace(old, new).encode()


def added(name: str, table: str, line: str) -> bytes:
    return changed(name, f"\n[{table}]\n", f"\n[{table}]\n{line}\n")


def test_shipped_profiles_are_sound_and_complete(profiles: Mapping[str, Profile]) -> None:
    assert set(profiles) == {
        "root",
        "link",
        "token-ca",
        "services-ca",
        "mobiel-ca",
        "zorgid-mobiel",
        "mobiel-ocsp-responder",
        "card-rsa2048",
        "card-p256",
        "ocsp-responder",
        "tls-server",
        "tls-client",
        "evidence",
    }
    assert profiles["card-rsa2048"].key.types == (KeyType.RSA_2048,)
    assert profiles["token-ca"].issues == (CertificateKind.CARD, CertificateKind.OCSP_RESPONDER)
    assert profiles["token-ca"].extensions.crl_url == (
        "http://status.example.com/crl/zorg-id-root-ca.crl"
    )


def test_digest_is_that_of_the_file(profiles: Mapping[str, Profile]) -> None:
    octets = (PROFILES / "card-p256.toml").read_bytes()
    assert profiles["card-p256"].digest == f"card-p256@{hashlib.sha256(octets).hexdigest()}"
    one_space_more = read_profile(octets + b" ", settings=SETTINGS)
    assert one_space_more.digest != profiles["card-p256"].digest


CARD = "card-rsa2048"
KU = 'key_usage = ["digitalSignature"]'
EKU = 'extended_key_usage = ["clientAuth", "msDocumentSigning"]'
POLICY = 'oid = "{arc}.1"'
ORDER = 'order = ["C", "O", "SN", "GN", "serialNumber", "CN"]'


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"\xff", "profile.file"),
        (b"name = ", "profile.file"),
        (b"name = 2026-01-01", "2026-01-01.file"),
        (changed(CARD, "[key]", "[keys]"), "card-rsa2048.key"),
        (added(CARD, "extensions", "titel = true"), "card-rsa2048.extensions.titel"),
        (added(CARD, "validity", "months = 1"), "card-rsa2048.validity.months"),
        (added(CARD, "validity", 'days = "1"'), "card-rsa2048.validity.days"),
        (changed(CARD, "[key]", 'sha256 = "x"\n[key]'), "card-rsa2048.sha256"),
        (changed(CARD, 'kind = "card"', 'kind = "kaart"'), "card-rsa2048.kind"),
        (changed(CARD, "sha256WithRSA", "sha1WithRSA"), "card-rsa2048.signatures.0"),
        (changed(CARD, '["rsa-2048"]', '["rsa-1024"]'), "card-rsa2048.key.types.0"),
        (changed(CARD, '["rsa-2048"]', "[]"), "card-rsa2048.key.types"),
        (changed(CARD, '["rsa-2048"]', '["ed25519"]'), "card-rsa2048.key.types"),
        (changed(CARD, "exponent = 65537", "exponent = 3"), "card-rsa2048.key.rsa_exponent"),
        (changed(CARD, "years = 3", "years = 4"), "card-rsa2048.validity"),
        (changed(CARD, "years = 3", "years = 3\ndays = 1"), "card-rsa2048.validity"),
        (changed(CARD, "seconds = 0", "seconds = 301"), "card-rsa2048.validity.backdate_seconds"),
        (changed(CARD, "seconds = 0", "seconds = -1"), "card-rsa2048.validity.backdate_seconds"),
        (changed(CARD, '"C", "O"', '"O", "C"'), "card-rsa2048.subject.order"),
        (changed(CARD, '"GN", "serialNumber"', '"GN"'), "card-rsa2048.subject.order"),
        (changed(CARD, 'C = "NL"', 'C = "DE"'), "card-rsa2048.subject.fixed.C"),
        (changed(CARD, 'C = "NL"', 'C = "NL", O = "X"'), "card-rsa2048.subject.fixed"),
        (changed(CARD, KU, 'key_usage = ["keyCertSign"]'), "card-rsa2048.extensions.key_usage"),
        (changed(CARD, KU, "key_usage = []"), "card-rsa2048.extensions.key_usage"),
        (
            changed(CARD, KU, 'key_usage = ["digitalSignature", "nonRepudiation"]'),
            "card-rsa2048.extensions.key_usage",
        ),
        (changed(CARD, EKU, ""), "card-rsa2048.extensions.extended_key_usage"),
        (
            changed(CARD, '"msDocumentSigning"]', '"msDocumentSigning", "OCSPSigning"]'),
            "card-rsa2048.extensions.extended_key_usage",
        ),
        (changed(CARD, '"clientAuth", ', ""), "card-rsa2048.extensions.extended_key_usage"),
        (added(CARD, "extensions", "ca = true"), "card-rsa2048.extensions.ca"),
        (added(CARD, "extensions", "path_length = 0"), "card-rsa2048.extensions.path_length"),
        (added(CARD, "extensions", "ocsp_nocheck = true"), "card-rsa2048.extensions.ocsp_nocheck"),
        (changed(CARD, '"uzi"', '"none"'), "card-rsa2048.extensions.alternative_name"),
        (changed(CARD, 'ocsp_url = "{base_url}/ocsp"', ""), "card-rsa2048.extensions.ocsp_url"),
        (
            changed(CARD, "{base_url}/ocsp", "https://status.example.com/ocsp"),
            "card-rsa2048.extensions.ocsp_url",
        ),
        (
            changed(CARD, "{base_url}/ocsp", "{base_url}/" + "o" * 45),
            "card-rsa2048.extensions.ocsp_url",
        ),
        (changed(CARD, POLICY, 'oid = "2.5.29.32.0"'), "card-rsa2048.extensions.policies"),
        (
            changed(CARD, POLICY, 'oid = "2.16.528.1.1003.1.2.5.1"'),
            "card-rsa2048.extensions.policies",
        ),
        (changed(CARD, "Alleen voor", "x" * 200), "card-rsa2048.extensions.policies"),
        (changed(CARD, "{base_url}/cps", "ftp://x"), "card-rsa2048.extensions.policies"),
        (changed(CARD, POLICY, 'oid = "{ark}.1"'), "card-rsa2048.extensions.policies.oid"),
        (changed("token-ca", '"ocsp-responder"]', '"tls-server"]'), "token-ca.issues"),
        (changed("token-ca", '"ocsp-responder"]', '"issuing-ca"]'), "token-ca.issues"),
        (
            changed("token-ca", "path_length = 0", "path_length = 1"),
            "token-ca.extensions.path_length",
        ),
        (changed("token-ca", '"rsa-3072"', '"rsa-2048"'), "token-ca.key.types"),
        (changed("token-ca", ', "OCSPSigning"', ""), "token-ca.extensions.extended_key_usage"),
        (
            changed("token-ca", 'CN = "{token_ca_name}"', 'CN = "A, B"'),
            "token-ca.subject.fixed.CN",
        ),
        (changed("token-ca", 'issuer = "root"', 'issuer = "token-ca"'), "token-ca.issuer"),
        (changed("root", '["issuing-ca"]', '["issuing-ca", "card"]'), "root.issues"),
        (added("root", "extensions", 'crl_url = "{base_url}/r.crl"'), "root.extensions.crl_url"),
        (added(CARD, "extensions", "crl_parts = 4"), "card-rsa2048.extensions.crl_parts"),
        (added(CARD, "extensions", "crl_deltas = true"), "card-rsa2048.extensions.crl_deltas"),
        (changed("ocsp-responder", "days = 30", "days = 31"), "ocsp-responder.validity"),
        (
            changed("ocsp-responder", '["OCSPSigning"]', '["OCSPSigning", "clientAuth"]'),
            "ocsp-responder.extensions.extended_key_usage",
        ),
        (
            changed("ocsp-responder", "ocsp_nocheck = true", ""),
            "ocsp-responder.extensions.ocsp_nocheck",
        ),
        (
            added("ocsp-responder", "extensions", 'crl_url = "{base_url}/t.crl"'),
            "ocsp-responder.extensions.crl_url",
        ),
        (
            changed("tls-server", "serverAuth", "clientAuth"),
            "tls-server.extensions.extended_key_usage",
        ),
        (changed("tls-server", "days = 397", "days = 399"), "tls-server.validity"),
        (
            changed(CARD, KU, 'key_usage = ["digitalSignature", "cRLSign"]'),
            "card-rsa2048.extensions.key_usage",
        ),
        (
            changed("root", ', "cRLSign"]', "]"),
            "root.extensions.key_usage",
        ),
        (
            changed(CARD, '"msDocumentSigning"]', '"msDocumentSigning", "clientAuth"]'),
            "card-rsa2048.extensions.extended_key_usage",
        ),
        (
            (text_of("root") + '\n[[extensions.policies]]\noid = "{arc}.1"\n').encode(),
            "root.extensions.policies",
        ),
        (
            (text_of(CARD) + '\n[[extensions.policies]]\noid = "{arc}.1"\n').encode(),
            "card-rsa2048.extensions.policies",
        ),
        (
            text_of("ocsp-responder").partition("[[")[0].encode(),
            "ocsp-responder.extensions.policies",
        ),
        (changed("root", ', CN = "ZORG-ID Root CA"', ""), "root.subject.fixed"),
        (changed("root", 'C = "NL",', 'C = "NL", SN = "X",'), "root.subject.fixed.SN"),
        (changed("tls-client", 'O = "{operator}"', 'O = "A=B"'), "tls-client.subject.fixed.O"),
        (
            changed(CARD, '["sha256WithRSAEncryption"]', "[]"),
            "card-rsa2048.signatures",
        ),
        (changed("token-ca", '["card", "ocsp-r', '["card", "card", "ocsp-r'), "token-ca.issues"),
        (changed("mobiel-ca", '["mobiel", ', '["mobiel", "tls-client", '), "mobiel-ca.issues"),
        (changed("token-ca", '["card", ', '["card", "mobiel", '), "token-ca.issues"),
        (
            changed("zorgid-mobiel", '["clientAuth"]', '["clientAuth", "msDocumentSigning"]'),
            "zorgid-mobiel.extensions.extended_key_usage",
        ),
        (
            changed("zorgid-mobiel", 'ocsp_url = "{base_url}/ocsp"\n', ""),
            "zorgid-mobiel.extensions.ocsp_url",
        ),
        (changed("zorgid-mobiel", "years = 1", "years = 4"), "zorgid-mobiel.validity"),
        (
            text_of("zorgid-mobiel").partition("[[")[0].encode(),
            "zorgid-mobiel.extensions.policies",
        ),
        (
            changed("services-ca", '"ocsp-responder"]', '"issuing-ca"]'),
            "services-ca.issues",
        ),
        (changed(CARD, 'issuer = "token-ca"', 'issuer = "card-rsa2048"'), "card-rsa2048.issuer"),
        (changed("link", '["issuing-ca"]', '["issuing-ca", "card"]'), "link.issues"),
        (changed("link", 'issuer = "root"', 'issuer = "link"'), "link.issuer"),
        (changed("link", "path_length = 1", "path_length = 2"), "link.extensions.path_length"),
        (changed("link", '"2.5.29.32.0"', '"{arc}.1"'), "link.extensions.policies"),
        (text_of("link").partition("[[")[0].encode(), "link.extensions.policies"),
        (changed("link", "years = 20", "years = 26"), "link.validity"),
    ],
)
def test_unsafe_profiles_are_refused_by_name_and_key(octets: bytes, key: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        read_profile(octets, settings=SETTINGS)
    assert refused.value.key == key
    assert refused.value.next_step


def test_a_refusal_names_the_clause() -> None:
    octets = changed(CARD, "years = 3", "years = 4")
    with pytest.raises(ConfigurationInvalid, match=r"RFC 5280 4\.1\.2\.5"):
        read_profile(octets, settings=SETTINGS)


@pytest.mark.parametrize("name", [path.stem for path in sorted(PROFILES.glob("*.toml"))])
def test_no_key_can_be_left_out_unless_its_absence_is_checked(name: str) -> None:
    """Each line matters: without it the profile is refused or reads otherwise."""
    lines = text_of(name).splitlines(keepends=True)
    whole = read_profile("".join(lines).encode(), settings=SETTINGS)
    for at, line in enumerate(lines):
        if " = " not in line or line.startswith("#"):
            continue
        octets = "".join(lines[:at] + lines[at + 1 :]).encode()
        try:
            profile = read_profile(octets, settings=SETTINGS)
        except ConfigurationInvalid:
            continue
        is_default = line.startswith("backdate_seconds")
        assert is_default or _differs(profile, whole), line


def _differs(one: Profile, other: Profile) -> bool:
    return (one.key, one.validity, one.subject, one.extensions) != (
        other.key,
        other.validity,
        other.subject,
        other.extensions,
    )


def _folder(path: Path, names: Mapping[str, str]) -> Path:
    for file, name in names.items():
        (path / f"{file}.toml").write_text(text_of(name))
    return path


def test_a_folder_must_hold_the_issuers_and_true_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        load_profiles(tmp_path, settings=SETTINGS)
    assert refused.value.key == "profiles.folder"
    _folder(tmp_path, {"card-p256": "card-p256"})
    with pytest.raises(ConfigurationInvalid) as refused:
        load_profiles(tmp_path, settings=SETTINGS)
    assert refused.value.key == "card-p256.issuer"
    _folder(tmp_path, {"card": "card-p256", "token-ca": "token-ca", "root": "root"})
    with pytest.raises(ConfigurationInvalid) as refused:
        load_profiles(tmp_path, settings=SETTINGS)
    assert refused.value.key == "card.name"
    (tmp_path / "card.toml").unlink()
    assert set(load_profiles(tmp_path, settings=SETTINGS)) == {"card-p256", "token-ca", "root"}


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "root.toml").mkdir()
    with pytest.raises(ConfigurationInvalid) as refused:
        load_profiles(tmp_path, settings=SETTINGS)
    assert refused.value.key == "profiles.folder"


def test_an_issuer_that_does_not_issue_the_kind_is_refused(tmp_path: Path) -> None:
    _folder(tmp_path, {"root": "root", "services-ca": "services-ca"})
    octets = changed(CARD, 'issuer = "token-ca"', 'issuer = "services-ca"')
    (tmp_path / "card-rsa2048.toml").write_bytes(octets)
    with pytest.raises(ConfigurationInvalid) as refused:
        load_profiles(tmp_path, settings=SETTINGS)
    assert refused.value.key == "card-rsa2048.issuer"


def test_shipped_files_are_plain_toml() -> None:
    for path in PROFILES.glob("*.toml"):
        assert tomllib.loads(path.read_text())["name"] == path.stem
