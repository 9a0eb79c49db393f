"""Hostile requests by name: each gets its one answer, nothing is signed, nothing is kept."""

import pytest

from pki.der.ocsp import OcspError, encode_request
from pki.domain.status import Good
from status_side.bench import Bench, cert_id, refusal, response
from status_side.hostile import CARD, GOOD, MALFORMED, NEVER_ISSUED, NOT_OURS, PATHS

ERRORS = {
    **{f"malformed: {name}": (der, OcspError.MALFORMED_REQUEST) for name, der in MALFORMED.items()},
    **{f"not ours: {name}": (der, OcspError.UNAUTHORIZED) for name, der in NOT_OURS.items()},
}


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.store.statuses[CARD] = Good()
    return made


def test_there_are_many_and_each_is_another() -> None:
    assert len(MALFORMED) + len(NOT_OURS) + len(PATHS) > 60
    assert len({der for der, _ in ERRORS.values()}) == len(ERRORS)


async def test_what_they_are_made_of_is_answered_with_good(bench: Bench) -> None:
    (single,) = response(await bench.post(GOOD)).singles
    assert single.status == Good()


@pytest.mark.parametrize("name", ERRORS)
async def test_hostile_octets_get_an_error_and_cost_no_signature(bench: Bench, name: str) -> None:
    der, error = ERRORS[name]
    for _ in range(2):
        assert refusal(await bench.post(der)) is error
    assert (bench.signer.signed, bench.responder.cached, bench.store.reads) == (0, 0, 0)


@pytest.mark.parametrize("name", PATHS)
async def test_a_hostile_path_is_malformed(bench: Bench, name: str) -> None:
    answer = await bench.get(b"/ocsp/" + PATHS[name])
    assert refusal(answer) is OcspError.MALFORMED_REQUEST
    assert (bench.signer.signed, bench.responder.cached) == (0, 0)


@pytest.mark.parametrize("name", NEVER_ISSUED)
async def test_a_number_that_was_never_issued_is_never_good(bench: Bench, name: str) -> None:
    (single,) = response(await bench.post(encode_request([cert_id(NEVER_ISSUED[name])]))).singles
    assert single.status is None
    assert bench.responder.cached == 0
