"""Any octets as an OCSP request: POST and GET say the same, and what they say is so."""

import asyncio
import base64
from typing import Final

from fuzzed import answers
from pki.der import codec, oids
from pki.der.ocsp import MAX_REQUEST, OcspError, OcspResponse
from status_side.bench import cert_id
from status_side.hostile import (
    ALGORITHM,
    GOOD,
    HASH,
    MALFORMED,
    NONCE,
    NOT_OURS,
    OTHER,
    SHA1_NULL,
    VERSION,
)
from status_side.small_pki import SERIALS

WORDS: Final = (
    SHA1_NULL,
    HASH,
    NONCE,
    OTHER,
    ALGORITHM,
    VERSION,
    codec.oid(oids.OCSP_RESPONSE_TYPES),
    codec.oid(oids.OCSP_PREFERRED_SIGNATURES),
    codec.oid(oids.OCSP_BASIC),
    codec.TRUE,
    *(codec.sequence(each.der) for each in map(cert_id, SERIALS[:3])),
)


SLASH: Final = b"\xfc"
"""From this octet on base64 begins with ``/``, which is cut off a path: that is another request."""


class Target:
    """One responder for all inputs."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self.bench = answers.bench()

    def __call__(self, data: bytes) -> None:
        self._runner.run(self.ask(data))

    async def ask(self, data: bytes) -> None:
        """Hold against all that must be so."""
        bench = self.bench
        posted = await bench.post(data)
        if len(data) > MAX_REQUEST:
            assert posted.status == 413
            return
        request = answers.check_request(data)
        got = await bench.get(b"/ocsp/" + base64.b64encode(data))
        for answer in (posted, got):
            assert answer.status == 200
            said = answers.check_answer(answer.body, bench)
            if answer is got and data[:1] >= SLASH:
                continue
            assert (said is OcspError.MALFORMED_REQUEST) is (
                request is None or len(request.cert_ids) > bench.policy.certificates_per_request
            )
            if isinstance(said, OcspResponse):
                assert request is not None
                assert [each.cert_id for each in said.singles] == list(request.cert_ids)
                assert said.nonce == request.nonce


def seeds() -> list[bytes]:
    """The named cases."""
    return [GOOD, *MALFORMED.values(), *NOT_OURS.values()]
