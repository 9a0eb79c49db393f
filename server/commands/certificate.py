"""`zorgid cert show`: a certificate as relying parties read it, and what its status was and is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pki.api.fields import to_pem
from pki.der import oids
from pki.der.certificate import Certificate, read_certificate
from pki.der.uzi_names import read_subject_alt_name
from pki.domain.cards import Card, state_name
from pki.domain.errors import NotFound
from pki.domain.event_codec import encode_time
from pki.domain.evidence.attestation import Attestation
from pki.domain.identifiers import SerialNumber
from pki.domain.mobiel.records import MobielIdentity, SubscriberCertificate
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.store.reading import ReadSession
from server.commands.journal import open_store
from server.report import Report


def show_certificate(config: Path, serial_text: str) -> Report:
    """Describe the certificate with this serial and its status intervals.

    Raises:
        Malformed: not a serial number.
        NotFound: no certificate with this serial was issued here.
    """
    serial = SerialNumber.parse(serial_text)

    def query(session: ReadSession) -> _Known | None:
        issued = session.subscriber_certificate(serial)
        return None if issued is None else _known(session, issued)

    with open_store(config) as store:
        known = store.read_sync(query)
    if known is None:
        raise NotFound(
            what="certificate",
            message=f"no certificate with serial {serial} was issued here",
            next_step="check the digits; decimal serials are written dec:<number>",
        )
    result = _result(read_certificate(known.issued.der), known)
    return Report(result=result, lines=_lines(result))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    issued: SubscriberCertificate
    card: Card | None
    telephone: MobielIdentity | None
    attestation: Attestation | None
    history: tuple[StatusInterval, ...]


def _known(session: ReadSession, issued: SubscriberCertificate) -> _Known:
    return _Known(
        issued=issued,
        card=session.card_by_serial(issued.serial),
        telephone=session.mobiel_by_serial(issued.serial),
        attestation=session.attestation_of(issued.serial),
        history=session.history(issued.serial),
    )


def status_text(status: CertificateStatus) -> str:
    """A status in one phrase."""
    match status:
        case Good():
            return "good"
        case Unconfirmed():
            return "on hold until confirmed"
        case OnHold(since=since):
            return f"on hold since {encode_time(since)}"
        case Revoked(at=at, reason=reason, compromised_since=since):
            why = "unspecified" if reason is None else reason.name.lower()
            known = "" if since is None else f", compromised since {encode_time(since)}"
            return f"revoked as of {encode_time(at)} ({why}{known})"


def _result(certificate: Certificate, known: _Known) -> dict[str, Any]:
    issued, card, proof = known.issued, known.card, known.attestation
    alternative = certificate.extension(oids.SUBJECT_ALT_NAME)
    names = None if alternative is None else read_subject_alt_name(alternative.value)
    return {
        "serial": issued.serial.hex,
        "serial_decimal": issued.serial.decimal,
        "issuer_id": issued.issuer.value,
        "issuer": certificate.issuer.rfc4514,
        "subject": certificate.subject.rfc4514,
        "uzi_name": None if names is None else names.name.text,
        "upn": None if names is None else names.upn,
        "not_before": encode_time(issued.not_before),
        "not_after": encode_time(issued.not_after),
        "sha256": hashlib.sha256(issued.der).hexdigest(),
        "card": None if card is None else card.id.value,
        "card_state": None if card is None else state_name(card.phase),
        "mobiel": None if known.telephone is None else known.telephone.id.value,
        "mobiel_state": None if known.telephone is None else known.telephone.state.value,
        "attestation_sha256": None if proof is None else proof.sha256,
        "attestation": [] if proof is None else [to_pem(each) for each in proof.chain],
        "status": [
            {
                "status": status_text(interval.status),
                "since": encode_time(interval.since),
                "until": None if interval.until is None else encode_time(interval.until),
                "position": interval.position,
            }
            for interval in known.history
        ],
    }


def _lines(result: dict[str, Any]) -> list[str]:
    shown = [
        f"{name.replace('_', ' '):<16} {value}"
        for name, value in result.items()
        if name not in {"status", "attestation"} and value is not None
    ]
    intervals = [
        f"  {each['since']} — {each['until'] or 'now':<27}  {each['status']}"
        for each in result["status"]
    ]
    return [*shown, "history", *intervals]
