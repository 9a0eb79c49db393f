"""CRLs and certificates that a client has already, by their dates."""

from pki.ports import HttpAnswer
from status_side.crl_shelf import PATH, Shelf


async def test_a_date_names_a_crl_only_where_no_other_is_of_that_second() -> None:
    shelf = Shelf()

    async def again(answer: HttpAnswer, coding: str | None = None) -> int:
        date = answer.header("last-modified")
        return (await shelf.get(PATH, if_modified_since=date, accept_encoding=coding)).status

    await shelf.publish()
    first = await shelf.get(PATH)
    assert await again(first) == 200  # another may have been published before we looked
    await shelf.publish()
    second = await shelf.get(PATH)
    assert second.header("last-modified") == first.header("last-modified")
    assert (await again(first), await again(second)) == (200, 200)
    shelf.clock.advance(1)
    await shelf.publish()
    third = await shelf.get(PATH)
    assert (await again(first), await again(third)) == (200, 304)
    assert await again(third, "gzip") == 304
    other = await shelf.get(PATH, match='"x"', if_modified_since=third.header("last-modified"))
    assert other.status == 200
    for _ in range(2):
        shelf.clock.advance(1)
        await shelf.publish()
    assert await again(await shelf.get(PATH)) == 200  # one in between was not seen
    assert (await shelf.get(PATH, if_modified_since="yesterday")).status == 200


async def test_a_certificate_is_known_by_its_date() -> None:
    shelf = Shelf()
    path = "/ca/token-ca-g1.cer"
    date = (await shelf.get(path)).header("last-modified")
    assert (await shelf.get(path, if_modified_since=date)).status == 304
