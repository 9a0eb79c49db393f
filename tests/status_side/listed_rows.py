"""What CRLs list, as a store keeps it."""

from collections.abc import Iterator, Mapping

from pki.domain.identifiers import SerialNumber
from pki.domain.records import ListedRow
from pki.domain.status import CertificateStatus, OnHold, Revoked
from pki.store.columns import to_ticks


def listed_rows(statuses: Mapping[SerialNumber, CertificateStatus]) -> Iterator[ListedRow]:
    """By serial; certificates that are neither held nor revoked have no row."""
    for serial in sorted(statuses):
        status = statuses[serial]
        if isinstance(status, OnHold | Revoked):
            yield listed_row(serial, status)


def listed_row(serial: SerialNumber, status: OnHold | Revoked) -> ListedRow:
    """One of them."""
    if isinstance(status, OnHold):
        return serial.to_bytes(), "hold", to_ticks(status.since), None, None
    since = status.compromised_since
    return (
        serial.to_bytes(),
        "revoked",
        to_ticks(status.at),
        None if status.reason is None else status.reason.value,
        None if since is None else to_ticks(since),
    )
