"""The end of a generation: what the store says of its certificates, and states that would lie."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self

from crl.ending import Ends, Retirement, is_last
from pki.der.certificate import read_certificate
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId
from pki.store.reading import ReadSession, ReadStore
from server.roles.keys import read_certificate_file
from server.setting.issuers import GenerationSettings, TokenCaSettings
from server.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationLife:
    """Tells the CRL follower when it makes the last one."""

    issuer: IssuerId
    retirement: Retirement
    store: ReadStore

    @classmethod
    def of(cls, generation: GenerationSettings, store: ReadStore) -> Self:
        """By the configuration.

        Raises:
            ConfigurationInvalid: its certificate cannot be read.
        """
        content = read_certificate(read_certificate_file(generation.certificate)).content
        retirement = Retirement(
            ca_until=content.not_after,
            archive_years=generation.archive_years,
            issues=generation.state == "issues",
            ended=generation.state == "ended",
        )
        return cls(issuer=IssuerId(generation.id), retirement=retirement, store=store)

    async def over(self, now: datetime) -> bool:
        """Whether the next CRL is the last.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if not self.retirement.may_be_over(now):
            return False
        ends = await self.store.read(lambda session: ends_of(session, self.issuer))
        return self.retirement.over(ends, now)


def ends_of(session: ReadSession, issuer: IssuerId) -> Ends:
    """When the certificates of an issuer end."""
    until, trusted_until = session.last_ends(issuer)
    return Ends(until=until, trusted_until=trusted_until)


async def refuse_wrong_states(settings: Settings, store: ReadStore, now: datetime) -> None:
    """Refuse a state that the facts speak against.

    Raises:
        ConfigurationInvalid: `ended` would leave good cards without an answer; or `issues` stands
            at a generation whose last CRL was made.
        StoreUnavailable: the store cannot be read.
    """
    for name, each in settings.keyed_generations:
        issuer = IssuerId(each.id)
        if each.state == "ended":
            ends = await store.read(partial(ends_of, issuer=issuer))
            if ends.trusted_until is not None and ends.trusted_until >= now:
                raise _wrong(
                    name,
                    f"{each.id} has a good {_what(each)} until "
                    f"{ends.trusted_until:%Y-%m-%d}, which would be left without an answer",
                    f"write answers until then, or revoke each good {_what(each)} first",
                )
        elif each.state == "issues":
            latest = await store.read(partial(ReadSession.latest_crl, issuer=issuer))
            if latest is not None and is_last(latest.next_update):
                raise _wrong(
                    name,
                    f"{each.id} made its last CRL: a {_what(each)} of it could never be revoked",
                    "write answers or ended, and issue from another generation",
                )


def _what(generation: GenerationSettings) -> str:
    return "card" if isinstance(generation, TokenCaSettings) else "telephone"


def _wrong(name: str, why: str, next_step: str) -> ConfigurationInvalid:
    key = f"{name}.state"
    return ConfigurationInvalid(key=key, message=f"setting {key}: {why}", next_step=next_step)
