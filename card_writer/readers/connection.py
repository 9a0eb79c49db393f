"""An exclusive PC/SC connection with one card, which moves one APDU at a time.

PC/SC is spoken through pyscard's plain calls, so that every outcome is looked at here. Only the
thread that opened a connection may use it.
"""

import logging
from dataclasses import dataclass, field
from typing import Final, Self

from smartcard import scard

from card_writer.card_edge import CardGone, NoReader, ReaderBusy
from pki.domain.errors import Unavailable

_LOG: Final = logging.getLogger(__name__)
_ANY: Final = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_FEATURES: Final = scard.SCARD_CTL_CODE(3400)
"""CM_IOCTL_GET_FEATURE_REQUEST, whose number is each system's own."""
_HEAD: Final = 5
"""CLA, INS, P1, P2 and Lc (or Le)."""
START_SERVICE: Final = (
    "plug a reader in and look again; on Linux, is pcscd running? "
    "On Windows, is the service 'Smart Card'?"
)
_REPEAT: Final = "put the card in again and repeat: what was done is found on the card"


@dataclass(slots=True)
class Connection:
    """The card in one reader; nobody else can talk to it until `close`.

    Closing resets the card: no right that was proven to it outlives the connection.
    """

    reader: str
    _context: int
    _card: int
    _protocol: int
    _open: bool = field(default=True)

    @classmethod
    def open(cls, reader: str) -> Self:
        """Take the card in ``reader``.

        Raises:
            ReaderBusy: another program holds it.
            CardGone: there is no card, or none that answers.
            NoReader: no reader of that name, or no reader service.
        """
        context = establish()
        outcome, card, protocol = scard.SCardConnect(
            context, reader, scard.SCARD_SHARE_EXCLUSIVE, _ANY
        )
        if outcome != scard.SCARD_S_SUCCESS:
            scard.SCardReleaseContext(context)
            raise _not_opened(reader, outcome)
        return cls(reader, context, card, protocol)

    def transmit(self, apdu: bytearray) -> bytes:
        """The card's answer to one short APDU.

        Raises:
            CardGone: there is none; whether the card acted is not known.
        """
        octets = list(apdu)
        if self._protocol == scard.SCARD_PROTOCOL_T0 and len(octets) > _HEAD:
            # T=0 carries no Le beside data (ISO 7816-3 12.2.4): the card says 61xx and is asked.
            del octets[_HEAD + octets[_HEAD - 1] :]
        outcome, answer = scard.SCardTransmit(self._card, self._protocol, octets)
        octets[:] = [0] * len(octets)
        if outcome != scard.SCARD_S_SUCCESS or len(answer) < 2:  # noqa: PLR2004 -- a status word
            raise _gone("the card gave no answer", outcome, unknown=True)
        return bytes(octet & 0xFF for octet in answer)

    def features(self) -> bytes | None:
        """What the reader answers when it is asked for its features (PC/SC part 10, 2.2)."""
        return self.control(_FEATURES, b"")

    def control(self, code: int, data: bytes) -> bytes | None:
        """The reader's own answer to a control code; None: it did not do it."""
        outcome, answer = scard.SCardControl(self._card, code, list(data))
        if outcome != scard.SCARD_S_SUCCESS:
            return None
        return bytes(octet & 0xFF for octet in answer)

    def reset(self) -> None:
        """Reset the card, still holding it.

        Raises:
            CardGone: it is not there any more, or was exchanged.
        """
        outcome, protocol = scard.SCardReconnect(
            self._card, scard.SCARD_SHARE_EXCLUSIVE, _ANY, scard.SCARD_RESET_CARD
        )
        if outcome != scard.SCARD_S_SUCCESS:
            raise _gone("the card could not be reset", outcome)
        self._protocol = protocol

    def close(self) -> None:
        """Reset the card and let it go; repeated, nothing happens."""
        if self._open:
            self._open = False
            scard.SCardDisconnect(self._card, scard.SCARD_RESET_CARD)
            scard.SCardReleaseContext(self._context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def establish() -> int:
    """A context of the reader service.

    Raises:
        NoReader: it does not run.
    """
    outcome, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if outcome != scard.SCARD_S_SUCCESS:
        raise NoReader(
            message=f"the reader service does not answer ({_name(outcome)})",
            next_step=START_SERVICE,
        )
    return int(context)


def _not_opened(reader: str, outcome: int) -> Unavailable:
    if outcome == scard.SCARD_E_SHARING_VIOLATION:
        return ReaderBusy(
            message=f"another program holds the card in {reader}",
            next_step="close the other program that uses the card",
        )
    if outcome in {scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE}:
        return NoReader(
            message=f"there is no reader {reader}", next_step="plug it in, and look again"
        )
    if outcome in {scard.SCARD_W_UNRESPONSIVE_CARD, scard.SCARD_W_UNPOWERED_CARD}:
        return _gone(f"what is in {reader} does not answer; is it the right way round?", outcome)
    return _gone(f"no card answers in {reader}", outcome)


def _gone(what: str, outcome: int, *, unknown: bool = False) -> CardGone:
    _LOG.info("card gone", extra={"outcome": _name(outcome), "unknown": unknown})
    return CardGone(
        message=f"{what} ({_name(outcome)})", next_step=_REPEAT, outcome_unknown=unknown
    )


def _name(outcome: int) -> str:
    return f"PC/SC {outcome & 0xFFFFFFFF:08x}"
