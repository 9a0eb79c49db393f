"""What every use case is given: its neighbours, the clock, chance, and the limits that hold."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from issuance.attesting.rule import NO_RULE, AttestationRule
from issuance.mobiel.none import NoMobielCa
from issuance.mobiel.ports import MobielAuthorities
from issuance.organisations.ports import Representation
from issuance.ports import CertificationAuthority, PassVerifier, Proofs, Reader, Sealer, Store
from issuance.rules.attributes import AttributeTypes
from issuance.rules.choices import Choices
from issuance.rules.rates import Restraint
from pki.domain.identifiers import IssuerId
from pki.ports import Clock, Entropy

ID_OCTETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times that bound the process.

    ``unfinished`` is how long a card may stay `aangevraagd`, and again `uitgegeven`; ``lease`` how
    long signing may take before its serial is given up.

    ``login`` is how long a browser's log-in may wait for a telephone (MAN: the QR code lives five
    minutes).

    ``longest_hold`` is how long a card may be blocked before it is told of; ``revoke_held`` whether
    it is then revoked as well. Nothing is ever unblocked by time.
    """

    challenge: timedelta = timedelta(minutes=2)
    session: timedelta = timedelta(minutes=30)
    unfinished: timedelta = timedelta(minutes=30)
    lease: timedelta = timedelta(minutes=1)
    login: timedelta = timedelta(minutes=5)
    longest_hold: timedelta | None = None
    revoke_held: bool = False


class Authorities(Protocol):
    """The generations of the Token CA."""

    def issuing(self, now: datetime, /) -> CertificationAuthority:
        """The one that issues cards now.

        Raises:
            Refused: ISSUING_STOPPED: none does.
        """

    def of(self, issuer: IssuerId, /) -> CertificationAuthority:
        """The one of this name.

        Raises:
            NotFound: there is none whose key is here.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The registration authority's surroundings.

    ``audience`` is the API's TLS name, to which signed challenges are bound. ``salt`` is a secret
    of this installation under which passes become digests that name nobody.
    """

    store: Store
    reader: Reader
    authorities: Authorities
    passes: PassVerifier
    representation: Representation
    proofs: Proofs
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    audience: str
    salt: bytes
    limits: Limits
    restraint: Restraint
    attestation: AttestationRule = NO_RULE
    choices: Choices = field(default_factory=Choices)
    mobiel: MobielAuthorities = field(default_factory=NoMobielCa)
    attribute_types: AttributeTypes = field(default_factory=dict)

    def digest(self, certificate_sha256: bytes) -> str:
        """A pass as the journal names it: HMAC-SHA256, hexadecimal."""
        return hmac.new(self.salt, certificate_sha256, hashlib.sha256).hexdigest()

    def pass_digest(self, certificate: bytes) -> str:
        """As `digest`, of a whole DER certificate."""
        return self.digest(hashlib.sha256(certificate).digest())
