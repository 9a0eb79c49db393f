"""People besides their cards, on every engine."""

from dataclasses import replace

import pytest

from pki.domain.attributes.records import Attribute
from pki.domain.errors import Conflict
from pki.domain.identifiers import AttributeId, PersonId, Ura
from pki.store.reading import ReadStore
from pki.store.writing import Store
from store_samples import NOON, opaque

HERE, THERE = Ura("90000001"), Ura("90000002")


def attribute(number: int, person: int = 7, ura: Ura = HERE, code: str = "01.015") -> Attribute:
    return Attribute(
        id=AttributeId(opaque(number)),
        person_id=PersonId(opaque(person)),
        ura=ura,
        type="zorgtaak",
        task_code=code,
        since=NOON,
    )


async def test_attributes_come_and_go(store: Store, read_store: ReadStore) -> None:
    one, two = attribute(1, code="17.075"), attribute(2)
    others = attribute(3, person=8), attribute(4, ura=THERE)
    for each in (one, two, *others):
        await store.write(lambda session, each=each: session.put_attribute(each))  # type: ignore[misc] # bound early
    of = await read_store.read(lambda reads: reads.attributes_of(one.person_id, HERE))
    assert of == (two, one)
    at = await read_store.read(lambda reads: reads.attributes_at(HERE))
    assert set(at) == {one, two, others[0]}
    assert await read_store.read(lambda reads: reads.attribute(one.id)) == one
    await store.write(lambda session: session.remove_attribute(one.id))
    assert await read_store.read(lambda reads: reads.attribute(one.id)) is None
    assert await read_store.read(lambda reads: reads.attributes_of(one.person_id, HERE)) == (two,)


async def test_nobody_has_an_attribute_twice(store: Store) -> None:
    await store.write(lambda session: session.put_attribute(attribute(1)))
    with pytest.raises(Conflict):
        await store.write(
            lambda session: session.put_attribute(replace(attribute(1), id=AttributeId(opaque(2))))
        )
