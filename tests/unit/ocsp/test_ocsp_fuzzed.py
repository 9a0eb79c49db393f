"""What the fuzzers start from and what they once found, each input once more."""

import pytest

import fuzz_corpus
import fuzz_http
import fuzz_requests


async def test_requests_of_the_corpus_are_answered_rightly() -> None:
    target = fuzz_requests.Target()
    for each in (*fuzz_requests.seeds(), *fuzz_corpus.read("ocsp_request")):
        await target.ask(each)


async def test_connections_of_the_corpus_are_answered_rightly() -> None:
    target = fuzz_http.Target()
    for each in (*fuzz_http.seeds(), *fuzz_corpus.read("http")):
        await target.ask(each)


async def test_a_wrong_answer_would_be_found() -> None:
    target = fuzz_requests.Target()
    target.bench.store.statuses.clear()
    with pytest.raises(AssertionError):
        await target.ask(fuzz_requests.seeds()[0])
