"""Why: revocation reasons (RFC 5280 5.3.1), reasons to block, and typed refusals."""

from enum import Enum, IntEnum
from typing import Final


class RevocationReason(IntEnum):
    """CRLReason codes in use (RFC 5280 5.3.1); unspecified is said by leaving the reason out."""

    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    PRIVILEGE_WITHDRAWN = 9


class BlockReason(Enum):
    """Reasons a card may be blocked for, as the administrators' manual lists them (MAN 8.2)."""

    SECURITY_INCIDENT = "beveiligingsincident"
    LOSS = "verlies"
    CREDENTIALS_COMPROMISED = "compromittering van inloggegevens"
    BREACH_OF_TRUST = "vertrouwensbreuk"
    SUSPICIOUS_ACTIVITY = "verdachte activiteit"


class RevokeReason(Enum):
    """Reasons a card may be revoked for; `REVOKE_REASON_CODES` gives what the CRL then says."""

    LOSS_OR_THEFT = "verlies of diefstal"
    COMPROMISE = "compromittering"
    REPLACED = "defect, vervangen"
    DEFECT = "defect"
    LEFT_EMPLOYMENT = "uit dienst"
    UNLINKED = "langer dan twee maanden ontkoppeld"
    HELD_TOO_LONG = "langer geblokkeerd dan toegestaan"
    BREACH_OF_TRUST = "vertrouwensbreuk"


REVOKE_REASON_CODES: Final[dict[RevokeReason, RevocationReason | None]] = {
    RevokeReason.LOSS_OR_THEFT: RevocationReason.KEY_COMPROMISE,
    RevokeReason.COMPROMISE: RevocationReason.KEY_COMPROMISE,
    RevokeReason.REPLACED: RevocationReason.SUPERSEDED,
    RevokeReason.DEFECT: None,
    RevokeReason.LEFT_EMPLOYMENT: RevocationReason.CESSATION_OF_OPERATION,
    RevokeReason.UNLINKED: RevocationReason.CESSATION_OF_OPERATION,
    RevokeReason.HELD_TOO_LONG: RevocationReason.CESSATION_OF_OPERATION,
    RevokeReason.BREACH_OF_TRUST: RevocationReason.PRIVILEGE_WITHDRAWN,
}


class RefusalReason(Enum):
    """Every way the registration authority says no; its texts are in `issuance.messages`."""

    PASS_NOT_TRUSTED = "pass-not-trusted"
    PASS_NOT_AUTHENTICITY = "pass-not-authenticity"
    PASS_NAME_INVALID = "pass-name-invalid"
    PASS_IS_ZORGVERLENER = "pass-is-zorgverlener"
    PASS_NOT_ON_NAME = "pass-not-on-name"
    PASS_IS_SERVER = "pass-is-server"
    PASS_EXPIRED = "pass-expired"
    PASS_NOT_YET_VALID = "pass-not-yet-valid"
    PASS_REVOKED = "pass-revoked"
    PASS_STATUS_UNKNOWN = "pass-status-unknown"
    ORGANISATION_UNKNOWN = "organisation-unknown"
    HOLDER_USES_MOBIEL = "holder-uses-mobiel"
    HOLDER_HAS_CARD = "holder-has-card"
    CARD_NUMBER_IN_USE = "card-number-in-use"
    KEY_NOT_ATTESTED = "key-not-attested"
    ATTESTATION_NOT_TRUSTED = "attestation-not-trusted"
    BIRTH_DATE_INVALID = "birth-date-invalid"
    CARD_STATE = "card-state"
    CONFIRMATION_TOO_LATE = "confirmation-too-late"
    REVOKE_NEEDS_BLOCK = "revoke-needs-block"
    CARDS_NOT_BLOCKED = "cards-not-blocked"
    BLOCKED_BY_ANOTHER = "blocked-by-another"
    COMPROMISE_DATE = "compromise-date"
    CARD_NOT_LINKED = "card-not-linked"
    LAST_ADMINISTRATOR = "last-administrator"
    ORGANISATION_STATE = "organisation-state"
    REPRESENTATIVE_PASS = "representative-pass"
    DOCUMENT_NOT_TRUSTED = "document-not-trusted"
    SUPPLIER_ROLE = "supplier-role"
    OPERATOR_STATE = "operator-state"
    OWN_ROLE = "own-role"
    MOBIEL_STATE = "mobiel-state"
    LOGIN_NUMBER = "login-number"
    ATTRIBUTE_UNKNOWN = "attribute-unknown"
    ISSUING_STOPPED = "issuing-stopped"
