"""The CRLs that a generation publishes: the complete one, its parts, and their deltas."""

from collections.abc import Iterator, Mapping

from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import CrlList, delta_name, part_name, part_of
from server.setting.issuers import GenerationSettings
from server.settings import Settings


def lists_of(settings: Settings, generation: GenerationSettings) -> tuple[CrlList, ...]:
    """The complete list first, which always suffices alone."""

    def address(name: str) -> str:
        return f"{settings.status.public_url}/crl/{name}.crl"

    def one(name: str, parts: int = 0, part: int = 0) -> CrlList:
        return CrlList(
            issuer=IssuerId(generation.id),
            parts=parts,
            part=part,
            point=address(name),
            delta=address(delta_name(name)) if settings.crl.delta else None,
        )

    whole, parts = generation.published_as, generation.crl_parts
    return (one(whole), *(one(part_name(whole, each), parts, each) for each in range(parts)))


def list_address(settings: Settings, issuer: IssuerId, serial: SerialNumber) -> str:
    """Of the list that the certificate's distribution point names."""
    generation = next(each for each in settings.generations if each.id == issuer.value)
    name, parts = generation.published_as, generation.crl_parts
    if parts:
        name = part_name(name, part_of(serial, parts))
    return f"{settings.status.public_url}/crl/{name}.crl"


def served_lists(settings: Settings) -> Mapping[str, IssuerId]:
    """Under which name each list is served, and under which the store keeps it."""
    whole = {each.published_as: IssuerId(each.id) for each in settings.published}
    return whole | dict(_parts_and_deltas(settings))


def _parts_and_deltas(settings: Settings) -> Iterator[tuple[str, IssuerId]]:
    for generation in settings.generations:
        for each in lists_of(settings, generation):
            name = generation.published_as
            if each.parts:
                name = part_name(name, each.part)
                yield name, each.id
            if each.delta is not None:
                yield delta_name(name), each.delta_id
