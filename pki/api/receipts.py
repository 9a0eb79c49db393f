"""Bodies about what became of a change."""

from typing import Annotated

from pydantic import Field

from pki.api.base import Wire
from pki.api.fields import CardIdText, Moment, SerialText
from pki.api.wire import ChangeView

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

    ``kind`` is the journal's word for it. ``shown`` is empty when nobody looks for it: of what
    changes no status, or when there was too much at once.
    """

    change: ChangeView
    kind: str
    card_id: CardIdText | None
    serial: SerialText | None
    shown: list[ShownView]
