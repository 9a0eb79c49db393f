"""What an operator sets for all profiles at once: names, OID arc, addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from pki.domain.errors import ConfigurationInvalid

EXAMPLE_ARCS: Final = ("2.999", "1.3.6.1.4.1.32473")
"""Arcs that are nobody's: for practice and tests (Rec. ITU-T X.660 A.8; RFC 5612)."""

FOREIGN_ARCS: Final = ("2.16.528.1.1003", "2.16.528.1.1007")
"""PKIoverheid and the UZI register: their policies may never stand in a certificate of ours."""

NAME_CHARACTERS_MAX: Final = 64
"""ub-organization-name and ub-common-name (RFC 5280 A.1)."""

_NAME_BREAKERS: Final = frozenset(",=+\"'`\\;<>‘’“”„«»")
_OID: Final = re.compile(
    r"(?:[01]\.[1-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,8}))(?:\.(?:0|[1-9][0-9]{0,8})){1,12}", re.ASCII
)
_HOST_AND_PORT: Final = re.compile(
    r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII
)
_URL_NAME: Final = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*", re.ASCII)


class Installation(Enum):
    """What an installation is for; shown in every name it makes and never mixed."""

    PRACTICE = "practice"
    ACCEPTANCE = "acceptance"
    PRODUCTION = "production"

    @property
    def mark(self) -> str:
        """The word that the operator's name must hold; empty in production."""
        return "" if self is Installation.PRODUCTION else self.name


class OidCa(Enum):
    """Which OID CA a card's UZI name carries: our own, or that of the UZI pass."""

    OWN = "own"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaSettings:
    """Put into every profile when it is loaded.

    ``operator`` is the O of every CA. ``oid_arc`` is the operator's own arc: policies are
    ``<arc>.1`` and further, and it is itself the own OID CA. Under ``base_url`` (plain HTTP, no
    slash at the end) OCSP, CRLs and CA certificates are served.

    ``token_ca_name`` is the CN of the generation of the Token CA that the profiles are loaded for,
    ``token_ca_published_as`` the last part of its CRL's and certificate's URL, and
    ``root_published_as`` that of the root which signs issuing CAs; ``mobiel_ca_…`` are the same of
    the Mobiel CA.
    """

    installation: Installation
    operator: str
    oid_arc: str
    base_url: str
    oid_ca: OidCa = OidCa.OWN
    token_ca_name: str = "ZORG-ID Token CA"
    token_ca_published_as: str = "zorg-id-token-ca"
    root_published_as: str = "zorg-id-root-ca"
    mobiel_ca_name: str = "ZORG-ID Mobiel CA"
    mobiel_ca_published_as: str = "zorg-id-mobiel-ca"

    def __post_init__(self) -> None:
        """Refuse settings that would make a certificate nobody should trust.

        Raises:
            ConfigurationInvalid: names the setting.
        """
        for key, problem in _problems(self):
            raise ConfigurationInvalid(
                key=f"ca.{key}",
                message=f"ca.{key} {problem}",
                next_step=f"correct {key} in the section [ca] of the configuration",
            )

    def oid_ca_for(self, of_pass: str) -> str:
        """The OID CA for a card made with a UZI pass whose own OID CA is ``of_pass``."""
        return self.oid_arc if self.oid_ca is OidCa.OWN else of_pass


def name_problem(text: str) -> str | None:
    """Why ``text`` cannot stand in the name of a CA, or None when it can.

    Relying parties take issuer names apart at commas and equals signs, so these, quotes and all
    else that RFC 4514 2.4 would escape are refused, as are characters that cannot be seen.
    """
    if not text or text != text.strip() or text.startswith("#"):
        return "is empty, or starts or ends in a way that RFC 4514 2.4 has to escape"
    if len(text) > NAME_CHARACTERS_MAX:
        return f"is longer than {NAME_CHARACTERS_MAX} characters (RFC 5280 A.1)"
    if not text.isprintable() or "  " in text:
        return "holds a control character, another invisible one, or a double space"
    found = sorted(_NAME_BREAKERS.intersection(text))
    return (
        f"holds {' '.join(found)}: no comma, =, +, quote or other mark of RFC 4514"
        if found
        else None
    )


def is_oid(text: str) -> bool:
    """Whether this is a dotted OID of reasonable length."""
    return _OID.fullmatch(text) is not None


def http_url_problem(url: str, *, schemes: tuple[str, ...] = ("http",)) -> str | None:
    """Why ``url`` cannot stand in a certificate (RFC 5280 4.2.1.13, 4.2.2.1), or None."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not url.isascii():
        return f"must be an ASCII URL starting with {' or '.join(schemes)}://"
    if not _HOST_AND_PORT.fullmatch(parts.netloc):
        return "must name a host (and perhaps a port), nothing more"
    if parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        return "must have a plain path without slash at the end, query or fragment"
    return None


def _problems(settings: CaSettings) -> Iterator[tuple[str, str]]:
    problem = name_problem(settings.operator) or _mark_problem(settings)
    if problem:
        yield "operator", problem
    if problem := _arc_problem(settings):
        yield "oid_arc", problem
    if problem := http_url_problem(settings.base_url):
        yield "base_url", problem
    for name in ("token_ca_name", "mobiel_ca_name"):
        if problem := name_problem(getattr(settings, name)):
            yield name, problem
    for name in ("token_ca_published_as", "mobiel_ca_published_as", "root_published_as"):
        if not _URL_NAME.fullmatch(getattr(settings, name)):
            yield name, "may hold lower-case letters, digits and hyphens only"


def _mark_problem(settings: CaSettings) -> str | None:
    mark = settings.installation.mark
    words = settings.operator.upper().split()
    if mark and mark not in words:
        return f"must hold the word {mark}, so that nobody takes this installation for a real one"
    others = {each.mark for each in Installation} - {mark, ""}
    if others.intersection(words):
        return f"holds the mark of another kind of installation than {settings.installation.value}"
    return None


def _arc_problem(settings: CaSettings) -> str | None:
    arc = settings.oid_arc
    if not is_oid(arc):
        return "is not a dotted object identifier"
    if any(_is_under(arc, foreign) for foreign in FOREIGN_ARCS):
        return "belongs to PKIoverheid or the UZI register"
    is_example = any(_is_under(arc, example) for example in EXAMPLE_ARCS)
    if is_example and settings.installation is not Installation.PRACTICE:
        return "is an example arc, for practice only: use the operator's own"
    return None


def _is_under(oid: str, arc: str) -> bool:
    return oid == arc or oid.startswith(f"{arc}.")
