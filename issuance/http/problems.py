"""Errors as problem documents (RFC 9457): the one table from errors to HTTP."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from issuance.rules.messages import ERRORS, REFUSALS, Message
from pki.api.base import Problem
from pki.domain.errors import (
    AlreadyRunning,
    BadInput,
    ConfigurationInvalid,
    Conflict,
    EnvironmentMissing,
    Forbidden,
    IdempotencyMismatch,
    IntegrityBroken,
    KeyRejected,
    NotFound,
    PreconditionFailed,
    RateLimited,
    Refused,
    Unauthenticated,
    Unavailable,
    ZorgidError,
)
from pki.domain.reasons import RefusalReason

RETRY_AFTER_SECONDS: Final = 5

STATUSES: Final[dict[type[ZorgidError], int]] = {
    ZorgidError: 500,
    BadInput: 400,
    KeyRejected: 422,
    ConfigurationInvalid: 500,
    Refused: 403,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    IdempotencyMismatch: 422,
    PreconditionFailed: 412,
    AlreadyRunning: 500,
    Unavailable: 503,
    RateLimited: 429,
    IntegrityBroken: 500,
    EnvironmentMissing: 500,
}
"""An error has the status of the nearest class above it."""

REFUSAL_STATUSES: Final[dict[RefusalReason, int]] = {
    RefusalReason.CARD_STATE: 409,
    RefusalReason.CONFIRMATION_TOO_LATE: 409,
    RefusalReason.REVOKE_NEEDS_BLOCK: 409,
    RefusalReason.CARDS_NOT_BLOCKED: 409,
    RefusalReason.HOLDER_HAS_CARD: 409,
    RefusalReason.CARD_NUMBER_IN_USE: 409,
    RefusalReason.LAST_ADMINISTRATOR: 409,
    RefusalReason.ORGANISATION_STATE: 409,
    RefusalReason.OPERATOR_STATE: 409,
    RefusalReason.SUPPLIER_ROLE: 422,
    RefusalReason.ATTRIBUTE_UNKNOWN: 422,
    RefusalReason.LOGIN_NUMBER: 422,
    RefusalReason.MOBIEL_STATE: 409,
    RefusalReason.BIRTH_DATE_INVALID: 422,
    RefusalReason.KEY_NOT_ATTESTED: 422,
    RefusalReason.ATTESTATION_NOT_TRUSTED: 422,
    RefusalReason.COMPROMISE_DATE: 422,
}
"""Refusals that are about the request, not about who asks (403)."""

HTTP_CODES: Final = {
    404: "not-found",
    408: "too-slow",
    405: "method-not-allowed",
    413: "too-large",
    415: "media-type",
    417: "expectation",
    500: "error",
}
"""What the HTTP library finds wrong by itself; any other status is plain bad input."""

TYPE_PREFIX: Final = "urn:zorgid:problem:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a problem document says."""

    status: int
    code: str
    message: Message
    reason: RefusalReason | None = None
    next_step: str | None = None
    retry_after: int | None = None


def status_of(error: ZorgidError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, Refused):
        return REFUSAL_STATUSES.get(error.reason, STATUSES[Refused])
    return next(STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES)


def message_of(error: ZorgidError) -> Message:
    """What the person reads; never the error's own words, which are for the log."""
    if isinstance(error, Refused):
        return REFUSALS[error.reason]
    codes = (cls.code for cls in type(error).__mro__ if issubclass(cls, ZorgidError))
    return next(ERRORS[code] for code in codes if code in ERRORS)


def answer_to(error: ZorgidError) -> Answer:
    """How an error is answered. Of our own failures (500) the caller learns nothing more."""
    status = status_of(error)
    ours = status == web.HTTPInternalServerError.status_code
    return Answer(
        status=status,
        code=ZorgidError.code if ours else error.code,
        message=ERRORS[ZorgidError.code] if ours else message_of(error),
        reason=error.reason if isinstance(error, Refused) else None,
        next_step=None if ours else error.next_step or None,
        retry_after=_retry_after(error, status),
    )


def _retry_after(error: ZorgidError, status: int) -> int | None:
    if isinstance(error, RateLimited):
        return error.retry_after
    return RETRY_AFTER_SECONDS if status == web.HTTPServiceUnavailable.status_code else None


def answer_to_http(status: int) -> Answer:
    """How an error that the HTTP library found is answered."""
    code = HTTP_CODES.get(status, "bad-input")
    return Answer(status=status, code=code, message=ERRORS[code])


def problem_response(answer: Answer, request_id: str) -> web.Response:
    """The HTTP answer; 401 names a scheme (RFC 9110 11.6.1), 429 and 503 when to come back."""
    document = Problem(
        type=TYPE_PREFIX + answer.code,
        title=answer.message.title,
        status=answer.status,
        detail=answer.message.dutch,
        detail_en=answer.message.english,
        instance=f"urn:zorgid:request:{request_id}",
        reason=answer.reason,
        next_step=answer.next_step,
    )
    headers = {}
    if answer.status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = "Bearer"
    if answer.retry_after is not None:
        headers["Retry-After"] = str(answer.retry_after)
    return web.Response(
        status=answer.status,
        text=document.to_json(),
        content_type="application/problem+json",
        headers=headers,
    )
