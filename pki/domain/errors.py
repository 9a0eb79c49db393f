"""The one error tree. Data sits in fields; HTTP statuses and Dutch texts are looked up elsewhere.

::

    ZorgidError
    ├─ BadInput                what came in cannot be used; sending it again changes nothing
    │  ├─ Malformed            bytes or text that do not parse, or break a rule of form
    │  ├─ KeyRejected          a public key that is weak, of a wrong type, or was seen before
    │  └─ ConfigurationInvalid a setting or a file named by one
    ├─ Refused                 understood, and a rule says no (the reason is typed)
    ├─ Unauthenticated         nobody has proven who is asking
    ├─ Forbidden               it is known who asks, and they may not
    ├─ NotFound                no such card, certificate, order …
    ├─ Conflict                it clashes with what is already so
    │  ├─ IdempotencyMismatch  the same key with another body
    │  ├─ PreconditionFailed   it was changed since the caller saw it
    │  └─ AlreadyRunning       a second process with an exclusive role on one data directory
    ├─ Unavailable             something needed is missing for now; trying again later is right
    │  ├─ StoreUnavailable
    │  ├─ LeaseLost            another process has taken over a task that runs once
    │  ├─ SignerUnavailable
    │  ├─ SignerBusy
    │  ├─ RateLimited          the caller asks too often
    │  ├─ PassStatusUnavailable the UZI register's status service could not be read
    │  └─ DirectoryUnavailable
    ├─ EnvironmentMissing      a program or library this machine lacks
    └─ IntegrityBroken         something stored or signed is not what it must be; stop and look
       ├─ ChainBroken          the journal
       ├─ SchemaMismatch       the store was made by another release
       ├─ KeyMismatch          a key and a certificate that should belong together
       ├─ LintFailed           bytes that were about to be signed break a rule
       └─ SignatureBroken      bytes that came back from a signer do not verify or were changed
"""

from dataclasses import dataclass
from typing import ClassVar

from pki.domain.reasons import RefusalReason


@dataclass(kw_only=True, eq=False)
class ZorgidError(Exception):
    """Root of every error this system raises on purpose.

    ``code`` is stable and appears in API answers and ``--json`` output. ``message`` is English, for
    logs and operators, and must hold no secret and no personal data. ``next_step`` says what to do.
    """

    code: ClassVar[str] = "error"
    message: str
    next_step: str = ""

    def __str__(self) -> str:
        return self.message


@dataclass(kw_only=True, eq=False)
class BadInput(ZorgidError):
    """What came in cannot be used as it is."""

    code: ClassVar[str] = "bad-input"


@dataclass(kw_only=True, eq=False)
class Malformed(BadInput):
    """Bytes or text that do not parse; ``what`` names the thing that was being read."""

    code: ClassVar[str] = "malformed"
    what: str


@dataclass(kw_only=True, eq=False)
class KeyRejected(BadInput):
    """A public key that may not be certified; ``rule`` is the rule it breaks."""

    code: ClassVar[str] = "key-rejected"
    rule: str


@dataclass(kw_only=True, eq=False)
class ConfigurationInvalid(BadInput):
    """A setting that is unknown, unsafe or names something unusable; ``key`` is its dotted name."""

    code: ClassVar[str] = "configuration-invalid"
    key: str


@dataclass(kw_only=True, eq=False)
class Refused(ZorgidError):
    """A rule of the registration authority says no."""

    code: ClassVar[str] = "refused"
    reason: RefusalReason


@dataclass(kw_only=True, eq=False)
class Unauthenticated(ZorgidError):
    """No proof of identity, or one that does not hold (wrong signature, used or late challenge)."""

    code: ClassVar[str] = "unauthenticated"


@dataclass(kw_only=True, eq=False)
class Forbidden(ZorgidError):
    """The caller is known and may not do this."""

    code: ClassVar[str] = "forbidden"


@dataclass(kw_only=True, eq=False)
class NotFound(ZorgidError):
    """No such thing; ``what`` names its kind."""

    code: ClassVar[str] = "not-found"
    what: str


@dataclass(kw_only=True, eq=False)
class Conflict(ZorgidError):
    """It clashes with what is already so."""

    code: ClassVar[str] = "conflict"


@dataclass(kw_only=True, eq=False)
class IdempotencyMismatch(Conflict):
    """An idempotency key that was used before with another body."""

    code: ClassVar[str] = "idempotency-mismatch"


@dataclass(kw_only=True, eq=False)
class PreconditionFailed(Conflict):
    """What was to be changed is not as the caller saw it."""

    code: ClassVar[str] = "precondition-failed"


@dataclass(kw_only=True, eq=False)
class AlreadyRunning(Conflict):
    """Another process holds an exclusive role on this data directory."""

    code: ClassVar[str] = "already-running"


@dataclass(kw_only=True, eq=False)
class Unavailable(ZorgidError):
    """Something needed is missing for now."""

    code: ClassVar[str] = "unavailable"


@dataclass(kw_only=True, eq=False)
class StoreUnavailable(Unavailable):
    """The store cannot be reached, read or written.

    Nothing was changed, unless it was lost at COMMIT: the message then says that nobody knows.
    """

    code: ClassVar[str] = "store-unavailable"


@dataclass(kw_only=True, eq=False)
class LeaseLost(Unavailable):
    """Another process has taken over what only one may do; nothing was changed."""

    code: ClassVar[str] = "lease-lost"


@dataclass(kw_only=True, eq=False)
class SignerUnavailable(Unavailable):
    """A key cannot be used now."""

    code: ClassVar[str] = "signer-unavailable"


@dataclass(kw_only=True, eq=False)
class SignerBusy(Unavailable):
    """Too many signatures are waiting, or one took longer than its time limit."""

    code: ClassVar[str] = "signer-busy"


@dataclass(kw_only=True, eq=False)
class RateLimited(Unavailable):
    """The caller asks too often; after ``retry_after`` seconds one more request is answered."""

    code: ClassVar[str] = "rate-limited"
    retry_after: int


@dataclass(kw_only=True, eq=False)
class PassStatusUnavailable(Unavailable):
    """Neither CRL nor OCSP of the UZI register could be had and trusted: fail closed."""

    code: ClassVar[str] = "pass-status-unavailable"


@dataclass(kw_only=True, eq=False)
class DirectoryUnavailable(Unavailable):
    """The LDAP directory cannot be reached or refuses."""

    code: ClassVar[str] = "directory-unavailable"


@dataclass(kw_only=True, eq=False)
class EnvironmentMissing(ZorgidError):
    """This machine lacks a program or library; ``next_step`` says how to get it."""

    code: ClassVar[str] = "environment-missing"


@dataclass(kw_only=True, eq=False)
class IntegrityBroken(ZorgidError):
    """Something stored or signed is not what it must be."""

    code: ClassVar[str] = "integrity-broken"


@dataclass(kw_only=True, eq=False)
class ChainBroken(IntegrityBroken):
    """The journal's hash chain does not hold at ``position``."""

    code: ClassVar[str] = "chain-broken"
    position: int


@dataclass(kw_only=True, eq=False)
class SchemaMismatch(IntegrityBroken):
    """The store's schema is newer than this program, or not the one it needs."""

    code: ClassVar[str] = "schema-mismatch"


@dataclass(kw_only=True, eq=False)
class KeyMismatch(IntegrityBroken):
    """A private key and a certificate that should belong together do not."""

    code: ClassVar[str] = "key-mismatch"


@dataclass(kw_only=True, eq=False)
class LintFailed(IntegrityBroken):
    """Bytes about to be signed break rules; ``findings`` names each with its source."""

    code: ClassVar[str] = "lint-failed"
    findings: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class SignatureBroken(IntegrityBroken):
    """What came back from a signer does not verify, or is not what was sent."""

    code: ClassVar[str] = "signature-broken"
