"""The catalogue of problems: on the API, on its page, and complete."""

from pathlib import Path

import pytest

from issuance.http.catalogue import problems
from issuance.http.problems import HTTP_CODES, answer_to, answer_to_http
from issuing.edge import Edge
from pki.api.about import ProblemKind, ProblemsView
from pki.domain.errors import (
    Forbidden,
    IdempotencyMismatch,
    IntegrityBroken,
    Malformed,
    NotFound,
    RateLimited,
    Refused,
    StoreUnavailable,
    Unauthenticated,
    ZorgidError,
)
from pki.domain.reasons import RefusalReason

PAGE = Path(__file__).parents[3] / "docs" / "problems.md"
KINDS = problems().problems


def kind_of(code: str, reason: RefusalReason | None = None) -> ProblemKind:
    (found,) = [
        each
        for each in KINDS
        if each.type == f"urn:zorgid:problem:{code}" and each.reason is reason
    ]
    return found


ERRORS: list[ZorgidError] = [
    Malformed(what="body", message="m"),
    Unauthenticated(message="m"),
    Forbidden(message="m"),
    NotFound(what="card", message="m"),
    IdempotencyMismatch(message="m"),
    RateLimited(message="m", retry_after=1),
    StoreUnavailable(message="m"),
    IntegrityBroken(message="m"),
    *(Refused(reason=reason, message="m") for reason in RefusalReason),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: getattr(error, "reason", error.code))
def test_what_is_answered_stands_in_the_catalogue(error: ZorgidError) -> None:
    answer = answer_to(error)
    kind = kind_of(answer.code, answer.reason)
    assert (kind.status, kind.title, kind.detail) == (
        answer.status,
        answer.message.title,
        answer.message.dutch,
    )


@pytest.mark.parametrize("status", [*HTTP_CODES, 400, 431])
def test_what_the_http_library_refuses_stands_in_it(status: int) -> None:
    answer = answer_to_http(status)
    assert kind_of(answer.code).detail == answer.message.dutch


def test_what_went_wrong_inside_has_no_kind_of_its_own() -> None:
    codes = {each.type.rpartition(":")[2] for each in KINDS}
    assert not codes & {"integrity-broken", "lint-failed", "configuration-invalid"}


def row(kind: ProblemKind) -> str:
    name = kind.type.rpartition(":")[2] if kind.reason is None else kind.reason.value
    return f"| `{name}` | {kind.status} | {kind.detail} | {kind.detail_en} |"


def test_the_page_says_the_same() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert rows == [row(each) for each in KINDS]


async def test_anyone_may_read_it(edge: Edge) -> None:
    status, body, _ = await edge.call("GET", "/v1/problems")
    assert status == 200
    assert isinstance(body["problems"], list)
    assert len(body["problems"]) == len(ProblemsView(problems=KINDS).problems)
