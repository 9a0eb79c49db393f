"""Reading what is known of a serial, and signing what it says."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime

from issuance.rules.permissions import Action, Reach, require
from issuance.statement.at import Facts, Question, StatusAt, status_at
from issuance.statement.content import statement
from issuance.statement.ports import Evidence, History, HistoryReader
from issuance.steps.enquiries import seen_certificate
from pki.domain.errors import NotFound
from pki.domain.event_codec import decode_time, encode_time
from pki.domain.journal import RawEntry
from pki.domain.people import Operator
from pki.ports import Clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """Answers about the past; ``evidence`` is None where this installation has no evidence key."""

    reader: HistoryReader
    evidence: Evidence | None
    clock: Clock

    async def for_operator(self, operator: Operator, question: Question) -> StatusAt:
        """The status at the asked time, of a card or telephone that the operator may see.

        Raises:
            Forbidden, Refused: not for this operator.
            NotFound: no certificate that they could see, or before the journal begins.
            Malformed, Conflict: as `status_at`.
            StoreUnavailable: the store cannot be read.
        """
        reach, now = require(operator, Action.READ_HISTORY), self.clock.now()

        def look(snapshot: History) -> Facts:
            facts = read_facts(snapshot, question, now)
            if reach is not Reach.EVERYWHERE:
                seen_certificate(snapshot, operator, Action.READ_HISTORY, question.serial)
            return facts

        return status_at(question, await self.reader.read(look), now)

    async def signed(self, found: StatusAt) -> bytes:
        """The statement as CMS SignedData, DER.

        Raises:
            NotFound: there is no evidence key here.
            SignerUnavailable, SignerBusy: it cannot be used now.
        """
        if self.evidence is None:
            raise NotFound(
                what="evidence key",
                message="this installation has no evidence key, so nothing can be stated",
                next_step="add the section [evidence] to the configuration (docs/status.md)",
            )
        now = self.clock.now()
        content = statement(found, now)
        signed = await self.evidence.sign(content, now)
        about = {"serial": found.question.serial.hex, "at": encode_time(found.question.at)}
        digest = hashlib.sha256(signed).hexdigest()
        _log.info("a status statement was signed", extra={**about, "sha256": digest})
        return signed


def read_facts(snapshot: History, question: Question, now: datetime) -> Facts:
    """All that one snapshot knows of the serial, as far as the asked issuer recorded it.

    Raises:
        StoreUnavailable: the snapshot is of a replica that is behind.
    """
    snapshot.require_abreast(now)
    issuer = question.issuer
    history = tuple(
        each for each in snapshot.history(question.serial) if issuer in {None, each.issuer}
    )
    head = snapshot.head()
    first, last = _entry(snapshot, 1), _entry(snapshot, head.position)
    installation, kind = snapshot.installation() or ("", "")
    return Facts(
        installation=installation,
        kind=kind,
        certificate=snapshot.subscriber_certificate(question.serial) if history else None,
        history=history,
        entries=tuple(
            entry for each in history if (entry := _entry(snapshot, each.position)) is not None
        ),
        head=head,
        begins=None if first is None else decode_time(first.at),
        known_until=None if last is None else decode_time(last.at),
    )


def _entry(snapshot: History, position: int) -> RawEntry | None:
    """The entry at a position, if there is one."""
    return next(iter(snapshot.raw_journal(position - 1, 1)), None) if position > 0 else None
