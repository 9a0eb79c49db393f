"""A change under an idempotency key happens once, and is answered the same ever after."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar

from issuance.desk import Desk
from issuance.ports import WholeSession
from pki.domain.errors import IdempotencyMismatch
from pki.domain.identifiers import IdempotencyKey, PersonId
from pki.domain.records import GivenAnswer

KEPT: Final = timedelta(hours=24)
"""How long a caller may repeat a request and get the same answer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Once(Generic[T]):
    """A caller's key for one request; ``render`` gives the text to be answered again.

    ``request_sha256`` tells what was asked: another request under the same key is refused.
    """

    asker: PersonId
    key: IdempotencyKey
    request_sha256: bytes
    render: Callable[[T], str]


class AnsweredBefore(Exception):
    """The change was made before under this key; nothing was changed now."""

    def __init__(self, text: str) -> None:
        super().__init__("answered before")
        self.text = text


async def write_once(
    desk: Desk, work: Callable[[WholeSession], T], once: Once[T] | None = None
) -> T:
    """Make a change, and keep its answer in the same transaction where there is a key.

    A refusal changes nothing and is not kept: the same request may succeed later.

    Raises:
        AnsweredBefore: the same request was answered under this key in the last `KEPT`.
        IdempotencyMismatch: another request was.
        StoreUnavailable: nothing was changed.
    """
    if once is None:
        return await desk.store.write(work)

    def change(session: WholeSession) -> T:
        former = session.given_answer(once.asker, once.key)
        if former is not None:
            raise _repeated(former, once.request_sha256)
        result = work(session)
        answer = GivenAnswer(
            asker=once.asker,
            key=once.key,
            request_sha256=once.request_sha256,
            text=once.render(result),
            expires_at=session.now + KEPT,
        )
        session.put_answer(answer)
        return result

    return await desk.store.write(change)


def _repeated(former: GivenAnswer, request_sha256: bytes) -> Exception:
    if former.request_sha256 != request_sha256:
        return IdempotencyMismatch(
            message="the idempotency key was used for another request",
            next_step="choose a new key for each change",
        )
    return AnsweredBefore(former.text)
