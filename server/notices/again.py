"""`zorgid notices resend`: lets messages of unknown outcome wait again."""

from collections.abc import Sequence
from pathlib import Path

from issuance.notices.again import send_again
from pki.domain.errors import Malformed
from pki.domain.identifiers import NoticeId
from pki.domain.people import SYSTEM
from pki.ports import Clock
from pki.store.writing import Store
from server.report import Report
from server.restored import refuse_unconfirmed
from server.settings import load


def resend(config: Path, notices: Sequence[str], clock: Clock) -> Report:
    """Let these notices wait again, all or none; the running publisher sends them.

    Raises:
        Malformed: not the id of a notice.
        NotFound: there is no such notice.
        Conflict: it is known what became of one, or it is of no use any more; or a restore waits.
        StoreUnavailable: the store cannot be written; nothing was changed.
    """
    ids = [_id(each) for each in notices]
    settings = load(config)
    refuse_unconfirmed(settings)
    store = Store.open(settings.store.url, clock=clock)
    try:
        store.write_sync(lambda session: send_again(session, ids, clock.now(), SYSTEM))
    finally:
        store.close_sync()
    again = [each.value for each in dict.fromkeys(ids)]
    words = f"{len(again)} notices wait again; whoever did get the message gets it twice"
    return Report(result={"waiting": again}, lines=[words])


def _id(typed: str) -> NoticeId:
    try:
        return NoticeId(typed)
    except Malformed as error:
        raise Malformed(
            what="notice id",
            message=f"not the id of a notice: {error.message}",
            next_step="take it from: zorgid notices list --unknown",
        ) from error
