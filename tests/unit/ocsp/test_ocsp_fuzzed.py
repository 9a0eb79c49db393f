"""What the fuzzers start from and what they once found, each input once more."""

import pytest

from fuzzed import corpus, http, requests


async def test_requests_of_the_corpus_are_answered_rightly() -> None:
    target = requests.Target()
    for each in (*requests.seeds(), *corpus.read("ocsp_request")):
        await target.ask(each)


async def test_connections_of_the_corpus_are_answered_rightly() -> None:
    target = http.Target()
    for each in (*http.seeds(), *corpus.read("http")):
        await target.ask(each)


async def test_a_wrong_answer_would_be_found() -> None:
    target = requests.Target()
    target.bench.store.statuses.clear()
    with pytest.raises(AssertionError):
        await target.ask(requests.seeds()[0])
