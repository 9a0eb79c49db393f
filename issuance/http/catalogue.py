"""Every kind of problem document that the API can answer with."""

from collections.abc import Iterator

from issuance.http.problems import (
    HTTP_CODES,
    REFUSAL_STATUSES,
    STATUSES,
    TYPE_PREFIX,
    answer_to_http,
)
from issuance.rules.messages import ERRORS, REFUSALS, Message
from pki.api.about import ProblemKind, ProblemsView
from pki.domain.errors import Refused, ZorgidError
from pki.domain.reasons import RefusalReason

_OURS = 500


def problems() -> ProblemsView:
    """The catalogue: by code, the refusals of rules last."""
    by_code = {each.type: each for each in (*_of_http(), *_of_errors())}
    return ProblemsView(problems=[by_code[code] for code in sorted(by_code)] + list(_of_rules()))


def _of_errors() -> Iterator[ProblemKind]:
    for kind in _family(ZorgidError):
        status = next(STATUSES[each] for each in kind.__mro__ if each in STATUSES)
        if issubclass(kind, Refused) or (status == _OURS and kind is not ZorgidError):
            continue
        codes = [each.code for each in kind.__mro__ if issubclass(each, ZorgidError)]
        yield _kind(kind.code, status, next(ERRORS[code] for code in codes if code in ERRORS))


def _of_http() -> Iterator[ProblemKind]:
    for status in HTTP_CODES:
        answer = answer_to_http(status)
        yield _kind(answer.code, status, answer.message)


def _of_rules() -> Iterator[ProblemKind]:
    for reason in RefusalReason:
        status = REFUSAL_STATUSES.get(reason, STATUSES[Refused])
        yield _kind(Refused.code, status, REFUSALS[reason], reason)


def _kind(
    code: str, status: int, message: Message, reason: RefusalReason | None = None
) -> ProblemKind:
    return ProblemKind(
        type=TYPE_PREFIX + code,
        reason=reason,
        status=status,
        title=message.title,
        detail=message.dutch,
        detail_en=message.english,
    )


def _family(kind: type[ZorgidError]) -> Iterator[type[ZorgidError]]:
    """The errors that a service can raise; those of its clients live elsewhere."""
    yield kind
    for each in kind.__subclasses__():
        if each.__module__ == ZorgidError.__module__:
            yield from _family(each)
