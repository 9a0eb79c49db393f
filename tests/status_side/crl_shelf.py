"""Published CRLs behind the handler that serves them."""

from crl.build import CrlIssuer
from crl.http import CrlHandler
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.status import ISSUER, FakeClock, FakeCrlStore, FakeStore
from pki.domain.events import ServiceStarted
from pki.domain.identifiers import IssuerId
from pki.domain.records import PublishedCrl
from pki.ports import HttpAnswer, HttpRequest
from pki.trust.signatures import verify_signature
from status_side.small_pki import PlainSigner, PracticeCa, new_key

CA = PracticeCa("Token CA", new_key("ca"))
ROOT = PracticeCa("Root CA", new_key("root"))


class Shelf:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.crls = FakeCrlStore(self.store)
        self.service = self.issuing(CA, ISSUER)
        self.handler = self.handled({})

    def issuing(self, ca: PracticeCa, issuer: IssuerId) -> CrlService:
        return CrlService(
            CrlIssuer.of(issuer, ca.certificate),
            PlainSigner(ca.key),
            self.crls,
            verify=verify_signature,
            clock=self.clock,
            policy=CrlPolicy(),
        )

    def handled(self, elsewhere: dict[str, IssuerId]) -> CrlHandler:
        handler = CrlHandler(
            self.crls,
            issued={"token-ca-g1": ISSUER} | elsewhere,
            certificates={"token-ca-g1": CA.certificate},
            clock=self.clock,
            policy=CrlPolicy(),
        )
        self.store.listeners.append(handler.apply)
        return handler

    async def publish(self) -> PublishedCrl:
        self.store.record(ServiceStarted(roles="all", version="1"))
        return (await self.service.publish_next()).whole

    async def get(self, path: str, match: str | None = None, **more: str | None) -> HttpAnswer:
        given = {"if-none-match": match} | {key.replace("_", "-"): more[key] for key in more}
        headers = {key.encode(): text.encode() for key, text in given.items() if text is not None}
        return await self.handler.answer(
            HttpRequest(method="GET", target=path.encode("latin-1"), headers=headers, body=b"")
        )


PATH = "/crl/token-ca-g1.crl"
