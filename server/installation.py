"""The folder of an installation: what lies where, and the configuration that is written into it."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pki.domain.uzi import PassType

OPERATOR: Final = "ZORG-ID PRACTICE"
OID_ARC: Final = "1.3.6.1.4.1.32473.2026"
"""Under the arc for examples (RFC 5612): says by itself that it is nobody's."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths inside an installation's folder."""

    root: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.root / "zorgid.toml"

    @property
    def cps(self) -> Path:
        """The certification practice statement."""
        return self.root / "cps.txt"

    @property
    def store(self) -> Path:
        """The SQLite file."""
        return self.root / "store" / "zorgid.sqlite3"

    def key(self, name: str) -> Path:
        """An encrypted private key."""
        return self.root / "keys" / f"{name}.pem"

    def certificate(self, name: str) -> Path:
        """A certificate, PEM."""
        return self.root / "ca" / f"{name}.pem"

    def crl(self, name: str) -> Path:
        """A CRL made by ceremony, DER."""
        return self.root / "ca" / f"{name}.crl"

    def secret(self, name: str) -> Path:
        """A file only the service may read."""
        return self.root / "secrets" / name

    def operator(self, name: str) -> tuple[Path, Path]:
        """An operator's client certificate and its key, PEM."""
        folder = self.root / "operators"
        return folder / f"{name}.pem", folder / f"{name}.key.pem"

    def folders(self) -> Sequence[Path]:
        """What must exist before anything is put into it."""
        names = ("store", "keys", "ca", "secrets", "operators", "locks")
        return [self.root / name for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class UziIssuerFiles:
    """One UZI issuing CA that is to be believed: PEM files and what they vouch for."""

    certificates: Sequence[Path]
    pass_type: PassType
    oid_ca: str
    authenticity_policies: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UziFiles:
    """The section [uzi] of a configuration."""

    roots: Sequence[Path]
    intermediates: Sequence[Path]
    issuers: Sequence[UziIssuerFiles]
    status_hosts: Sequence[str]
    crl_max_age_seconds: int


PRACTICE_STATEMENT: Final = """\
Dit is een oefeninstallatie van de ZORG-ID Token CA. Vertrouw op geen enkel certificaat ervan:
de sleutels zijn bestanden, de CA is door één persoon in een minuut gemaakt en niemand staat
ervoor in.

This is a practice installation of the ZORG-ID Token CA. Rely on none of its certificates: its keys
are files, one person made the CA in a minute, and nobody vouches for it.
"""
"""What the policy qualifier of practice certificates points to (RFC 5280 4.2.1.4)."""


_HEAD: Final = """\
# Practice installation of the ZORG-ID Token CA. All settings, explained: zorgid.example.toml
profiles = "profiles"
secrets = "secrets"
locks = "locks"
"""


def configuration(layout: Layout, *, port_base: int, uzi: UziFiles | None) -> str:
    """The text of a practice installation's configuration; every path is relative to it."""
    host = "127.0.0.1"
    text = f"""\
{_HEAD}
[installation]
kind = "practice"
operator = "{OPERATOR}"
oid_arc = "{OID_ARC}"

[store]
path = "store/zorgid.sqlite3"

{_issuers()}
[status]
listen = "{host}:{port_base}"
public_url = "http://{host}:{port_base}"
cps = "cps.txt"

[api]
listen = "{host}:{port_base + 1}"
audience = "localhost"
certificate = "ca/api.pem"
key = {{ file = "keys/api.pem", passphrase_file = "secrets/passphrase" }}
client_ca = "ca/services-ca-g1.pem"

{_EVIDENCE}{_enrolment(port_base + 1)}
[ldap]
mode = "private"
listen = "{host}:{port_base + 2}"
directory = "ldap"
schema_directory = "schema"

[metrics]
listen = "{host}:{port_base + 3}"
"""
    return text if uzi is None else text + _uzi(layout, uzi)


def _issuers() -> str:
    return "\n".join(
        (
            _issuer("[root]", "ZORG-ID Root CA", "root", "zorg-id-root-ca", crl=True),
            _issuer("[token_ca]", "ZORG-ID Token CA", "token-ca-g1", "zorg-id-token-ca", key=True),
            _issuer(
                "[mobiel_ca]",
                "ZORG-ID Mobiel CA",
                "mobiel-ca-g1",
                "zorg-id-mobiel-ca",
                key=True,
            ),
            _issuer(
                "services_ca",
                "ZORG-ID Services CA",
                "services-ca-g1",
                "zorg-id-services-ca",
                crl=True,
            ),
        )
    )


_EVIDENCE: Final = """\
[evidence]
certificate = "ca/evidence.pem"
key = { file = "keys/evidence.pem", passphrase_file = "secrets/passphrase" }

"""


def _enrolment(api_port: int) -> str:
    return f"""\
[enrolment]
api = "https://localhost:{api_port}"
ca = "ca/root.pem"
certificate = "ca/status-node.pem"
key = {{ file = "keys/status-node.pem", passphrase_file = "secrets/passphrase" }}
"""


def _issuer(
    section: str, name: str, issuer_id: str, published: str, *, key: bool = False, crl: bool = False
) -> str:
    lines = [
        f"[{section}]",
        f'id = "{issuer_id}"',
        f'name = "{name}"',
        f'certificate = "ca/{issuer_id}.pem"',
        f'published_as = "{published}"',
    ]
    if key:
        files = f'file = "keys/{issuer_id}.pem", passphrase_file = "secrets/passphrase"'
        lines.append(f"key = {{ {files} }}")
    if crl:
        lines.append(f'crl = "ca/{issuer_id}.crl"')
    return "\n".join([*lines, ""])


def _uzi(layout: Layout, uzi: UziFiles) -> str:
    def listed(paths: Sequence[Path]) -> str:
        return _strings(os.path.relpath(path, layout.root) for path in paths)

    issuers = [
        f"""
[[uzi.issuers]]
certificates = {listed(issuer.certificates)}
pass_type = "{issuer.pass_type.value}"
oid_ca = "{issuer.oid_ca}"
authenticity_policies = {_strings(issuer.authenticity_policies)}
"""
        for issuer in uzi.issuers
    ]
    return f"""
[uzi]
roots = {listed(uzi.roots)}
intermediates = {listed(uzi.intermediates)}
status_hosts = {_strings(uzi.status_hosts)}
crl_max_age_seconds = {uzi.crl_max_age_seconds}
{"".join(issuers)}"""


def _strings(values: Iterable[str]) -> str:
    """A TOML array of basic strings; JSON's escapes are TOML's."""
    return json.dumps(list(values))
