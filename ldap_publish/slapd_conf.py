"""The configuration of the private slapd, as text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ldap_publish.entry import rdn
from pki.domain.errors import ConfigurationInvalid

DEBIAN_SCHEMAS: Final = (
    Path("/etc/ldap/schema/core.schema"),
    Path("/etc/ldap/schema/cosine.schema"),
    Path("/etc/ldap/schema/inetorgperson.schema"),
)

_MAP_BYTES: Final = 4 * 1024**3
"""How far the (sparse) database file may grow. Some 6 KiB a card: more than half a million."""

_LARGEST_REQUEST: Final = 128 * 1024**2
"""slapd hangs up on longer ones; a CRL of a million entries takes 46 MB."""


_EXACT_MATCH: Final = (
    '"^(.*[(]userCertificate)(;binary)?:(certificateExactMatch|2[.]5[.]13[.]34):=(.*)$" "$1=$4" ""'
)
_COUNTRY_FIRST_4: Final = (
    '"^(.*rdnSequence:.)(c=[^,]+),([^,]+),([^,]+),([^,}]+)(. [}].*)$" "$1$5,$4,$3,$2$6" ":"'
)
_COUNTRY_FIRST_3: Final = (
    '"^(.*rdnSequence:.)(c=[^,]+),([^,]+),([^,}]+)(. [}].*)$" "$1$4,$3,$2$5" ":"'
)
_REWRITING: Final = (
    "overlay rwm",
    "rwm-rewriteEngine on",
    "rwm-rewriteContext searchFilter",
    f"rwm-rewriteRule {_EXACT_MATCH}",
    f"rwm-rewriteRule {_COUNTRY_FIRST_4}",
    f"rwm-rewriteRule {_COUNTRY_FIRST_3}",
)
"""How questions for a certificate are put before the index sees them, normalised by slapd by then.

slapd looks up (userCertificate=…) in its index, but examines every entry for the same question as
(userCertificate:certificateExactMatch:=…), and so would refuse it. The other rules turn an issuer's
name that begins with its country, as X.500 writes it, into the order of RFC 4514.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlapdConf:
    """What is set. ``candidates``: the most entries an anonymous search may have to look at."""

    base: str
    database: Path
    password_hash: str
    schemas: Sequence[Path]
    candidates: int
    runtime: Path

    @property
    def root_dn(self) -> str:
        """Who writes."""
        return f"{rdn('cn', 'publisher')},{self.base}"


def render(conf: SlapdConf) -> str:
    """slapd.conf(5). Anonymous reads what an exact search finds; only the publisher writes.

    Without an index on objectClass every search would be a bulk search: slapd looks for referrals.

    Raises:
        ConfigurationInvalid: a path or the base has a character that the file cannot carry.
    """
    sizes = " ".join(f"size.{each}={conf.candidates}" for each in ("soft", "hard", "unchecked"))
    lines = [
        *(f"include {_quoted(path)}" for path in conf.schemas),
        f"pidfile {_quoted(conf.runtime / 'slapd.pid')}",
        f"argsfile {_quoted(conf.runtime / 'slapd.args')}",
        "loglevel none",
        "threads 4",
        "idletimeout 300",
        f"sockbuf_max_incoming_auth {_LARGEST_REQUEST}",
        "moduleload back_mdb",
        "moduleload rwm",
        "access to * by * read",
        "database mdb",
        f"suffix {_quoted(conf.base)}",
        f"rootdn {_quoted(conf.root_dn)}",
        f"rootpw {_quoted(conf.password_hash)}",
        f"directory {_quoted(conf.database)}",
        f"maxsize {_MAP_BYTES}",
        "index objectClass,uid,serialNumber,userCertificate eq",
        f"limits anonymous {sizes} size.prtotal=disabled time=5",
        "access to * by * read",
        *_REWRITING,
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    text = str(value)
    if any(each in text for each in '"\\\n\r\0'):
        raise ConfigurationInvalid(
            key="ldap",
            message="a path or the base holds a quote, a backslash or a line end",
            next_step="choose another directory for the data",
        )
    return f'"{text}"'
