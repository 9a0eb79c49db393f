"""Bodies about what became of a change, and what held at a moment."""

from typing import Annotated, Literal

from pydantic import Field

from pki.api.base import Wire
from pki.api.fields import CardIdText, IssuerIdText, MobielIdText, Moment, Octets, SerialText
from pki.api.wire import ChangeView

PastStatusName = Literal["not-issued", "good", "unconfirmed", "on-hold", "revoked"]
Position = Annotated[int, Field(ge=1, lt=10**18)]
"""A journal position, which is also the id of the change."""


class ShownView(Wire):
    """What one sink shows: ``ocsp``, ``crl``, or ``ldap`` (``ldap:<replica>`` of several).

    ``shown_at``: when it was first seen there, read from outside, ``seconds`` after the change was
    committed; ``sha256``, hexadecimal, of the OCSP answer, CRL or certificate that was read. All
    three are null while it was not seen, for good when a later change (``superseded_by``) came
    first.
    """

    sink: str
    shown_at: Moment | None
    seconds: float | None
    sha256: str | None
    superseded_by: int | None


class ChangeReceiptView(Wire):
    """GET /v1/changes/{position}.

    ``kind`` is the journal's word for it; it is of a card, of a ZORG-ID Mobiel, or of neither.
    ``shown`` is empty when nobody looks for it: of what changes no status, or when there was too
    much at once.
    """

    change: ChangeView
    kind: str
    card_id: CardIdText | None
    mobiel_id: MobielIdText | None
    serial: SerialText | None
    shown: list[ShownView]


class StatusAtView(Wire):
    """GET /v1/certificates/{serial}/status: what held at ``at``.

    ``valid``: a signature made then was to be accepted. ``status`` since ``since``, as of journal
    entry ``position``; ``revoked_at`` and ``reason`` as OCSP gave them. ``compromised_since``: from
    when on the key must be mistrusted, as is known now. ``statement``, where it was asked for, is
    CMS SignedData (RFC 5652) with all of this and the entries; see docs/status.md.
    """

    serial: SerialText
    issuer: IssuerIdText | None
    at: Moment
    valid: bool
    status: PastStatusName
    validity: Literal["before", "within", "after"] | None
    since: Moment | None
    position: int | None
    revoked_at: Moment | None
    reason: str | None
    compromised_since: Moment | None
    statement: Octets | None
