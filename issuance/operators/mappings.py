"""Whom a client certificate makes an operator, as it is kept and as the journal tells it."""

from issuance.ports import Registration
from pki.domain.events import OperatorRegistered, OperatorRemoved
from pki.domain.journal import JournalEntry
from pki.domain.people import Actor, Operator


def add_mapping(session: Registration, operator: Operator, by: Actor) -> JournalEntry:
    """Let a certificate make somebody an operator."""
    session.put_operator(operator)
    event = OperatorRegistered(
        operator=operator.id,
        role=operator.role.value,
        ura=operator.ura,
        certificate_sha256=operator.certificate_sha256.hex(),
    )
    return session.record(event, by)


def end_mapping(session: Registration, operator: Operator, by: Actor) -> JournalEntry:
    """Let a certificate make nobody an operator."""
    session.remove_mapping(operator.certificate_sha256)
    event = OperatorRemoved(
        operator=operator.id,
        role=operator.role.value,
        ura=operator.ura,
        certificate_sha256=operator.certificate_sha256.hex(),
    )
    return session.record(event, by)
