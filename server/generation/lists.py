"""The builders of the CRLs that generations publish."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ca.authority import Generations
from crl.build import CrlIssuer
from crl.follower import CrlFollower
from crl.policy import CrlPolicy
from crl.service import CrlService
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId
from pki.domain.records import CrlList
from pki.ports import Clock, Entropy
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store, WriteSession
from pki.trust.signatures import verify_signature
from server.generation.authorities import signing
from server.generation.ending import GenerationLife
from server.generation.list_names import lists_of
from server.leases.once import Writes
from server.metering.signing import CRL, Meters
from server.roles.write_ports import StoreCrls, crl_floor
from server.setting.issuers import GenerationSettings
from server.settings import Settings

_MOST_A_SECOND: Final = 1000
"""More CRLs of one list than can be signed and stored in a second."""


class CrlFollowers:
    """Makes the follower of each list of each generation that signs."""

    def __init__(
        self,
        settings: Settings,
        stores: tuple[Writes, ReadStore],
        tail: JournalTail,
        *,
        clock: Clock,
        entropy: Entropy,
        policy: CrlPolicy,
    ) -> None:
        self._settings = settings
        self._store = StoreCrls(stores[1], stores[0])
        self._reader = stores[1]
        self._tail = tail
        self._clock = clock
        self._entropy = entropy
        self._policy = policy

    def of(self, generations: Generations, meters: Meters) -> list[CrlFollower]:
        """All of them.

        Raises:
            ConfigurationInvalid: a certificate file cannot be used.
        """
        return [
            self._follower(generations, generation, each, meters)
            for generation in signing(self._settings)
            for each in lists_of(self._settings, generation)
        ]

    def _follower(
        self,
        generations: Generations,
        generation: GenerationSettings,
        crl_list: CrlList,
        meters: Meters,
    ) -> CrlFollower:
        authority = generations.of(crl_list.issuer)
        policy = replace(self._policy, phase=self._phase())
        service = CrlService(
            CrlIssuer.of(authority.issuer, authority.certificate, crl_list),
            meters.signer(authority.signer, authority.issuer.value, CRL),
            self._store,
            verify=verify_signature,
            clock=self._clock,
            policy=policy,
        )
        life = GenerationLife.of(generation, self._reader)
        return CrlFollower(service, self._tail, clock=self._clock, policy=policy, life=life)

    def _phase(self) -> timedelta:
        """Up to a tenth of the time between two."""
        return self._policy.every / 10 * (self._entropy.octets(1)[0] / 256)


async def keep_parts(settings: Settings, store: Store) -> None:
    """Record into how many parts each generation's list is split; refuse another number later.

    Certificates name their part for good: with another number they would be looked for elsewhere.

    Raises:
        ConfigurationInvalid: names the generation whose number differs from the one in use.
        StoreUnavailable: the store cannot be written.
    """

    def work(session: WriteSession) -> None:
        for place, each in settings.keyed_generations:
            name, wanted = f"crl-parts/{each.id}", each.crl_parts + 1
            recorded = session.cursor(name)
            if recorded not in {0, wanted}:
                key = f"{place}.crl_parts"
                raise ConfigurationInvalid(
                    key=key,
                    message=f"setting {key}: certificates of {each.id} name {recorded - 1} parts",
                    next_step=f"set it to {recorded - 1}; another number needs a new generation",
                )
            if not recorded:
                session.set_cursor(name, wanted)

    await store.write(work)


async def keep_deltas(settings: Settings, store: Store) -> None:
    """Record of which generations certificates name delta CRLs; refuse to publish none later.

    Some relying parties trust no complete CRL while the delta that a certificate names is missing.

    Raises:
        ConfigurationInvalid: there are such cards, and ``crl.delta`` is off.
        StoreUnavailable: the store cannot be written.
    """

    def work(session: WriteSession) -> None:
        for each in settings.generations:
            name = f"crl-deltas/{each.id}"
            if settings.crl.delta_in_cards and each.state == "issues":
                session.set_cursor(name, 1)
            elif session.cursor(name) and not settings.crl.delta and each.state != "ended":
                key = "crl.delta"
                raise ConfigurationInvalid(
                    key=key,
                    message=f"setting {key}: certificates of {each.id} name delta CRLs",
                    next_step="set it to true until that generation has ended",
                )

    await store.write(work)


def raise_numbers(
    session: WriteSession, settings: Settings, whole: tuple[IssuerId, int], since: datetime
) -> None:
    """After a restore, let the numbers of an issuer's lists go on above all that were published.

    ``whole``: the issuer, and the last number of its complete CRL. Nobody is asked for the last CRL
    of every part, and one may have come to a higher number, since of changes that fall together the
    complete list tells more at once; but it came no higher than it can have since the backup.
    """
    issuer, number = whole
    _raise(session, issuer, number)
    elapsed = (session.now - since).total_seconds()
    most = _MOST_A_SECOND * max(0, math.ceil(elapsed))
    for generation in settings.generations:
        parts = generation.crl_parts if generation.id == issuer.value else 0
        for part in range(parts):
            name = CrlList(issuer=issuer, parts=parts, part=part).id
            _raise(session, name, max(number, session.latest_crl_number(name)) + most)


def _raise(session: WriteSession, crl_list: IssuerId, number: int) -> None:
    floor = crl_floor(crl_list)
    session.set_cursor(floor, max(number, session.cursor(floor)))
