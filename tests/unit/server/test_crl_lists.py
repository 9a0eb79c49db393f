"""The lists that a configuration asks for, and what it may not ask for."""

import tomllib
from pathlib import Path

import pytest

from ca.profile import ExtensionRule
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import SerialNumber
from pki.ports import SystemClock
from pki.store.migrate import migrate
from pki.store.writing import Store
from server.generation.list_names import lists_of, served_lists
from server.generation.lists import keep_deltas, keep_parts
from server.settings import Settings, check

EXAMPLE = Path(__file__).parents[3] / "config" / "zorgid.example.toml"


def settings(
    folder: Path,
    *,
    parts: int = 0,
    delta: bool = False,
    in_cards: bool = False,
    named: tuple[str, str] | None = None,
) -> Settings:
    text = EXAMPLE.read_text("utf-8")
    for name in {word.strip('",[]{}') for word in text.split()}:
        if name.endswith((".pem", ".crl", "/passphrase", "cps.txt")):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    document = tomllib.loads(text)
    del document["mobiel_ca"]
    document["crl"] |= {"delta": delta, "delta_in_cards": in_cards}
    document["token_ca"][0] |= {"crl_parts": parts} | dict([] if named is None else [named])
    return check(document, directory=folder)


def test_without_parts_and_deltas_there_is_one_list(tmp_path: Path) -> None:
    found = settings(tmp_path)
    (one,) = lists_of(found, found.token_ca[0])
    assert (one.id.value, one.delta, one.parts) == ("token-ca-g1", None, 0)
    served = {name: issuer.value for name, issuer in served_lists(found).items()}
    assert served["zorg-id-token-ca"] == "token-ca-g1"
    assert "zorg-id-root-ca" in served


def test_every_part_and_delta_is_served_under_the_name_that_points_at_it(tmp_path: Path) -> None:
    found = settings(tmp_path, parts=2, delta=True)
    lists = lists_of(found, found.token_ca[0])
    served = served_lists(found)
    base = f"{found.status.public_url}/crl/"
    for each in lists:
        assert each.point is not None
        assert each.delta is not None
        assert served[each.point.removeprefix(base).removesuffix(".crl")] == each.id
        assert served[each.delta.removeprefix(base).removesuffix(".crl")] == each.delta_id
    assert [each.id.value for each in lists] == [
        "token-ca-g1",
        "token-ca-g1-part-0",
        "token-ca-g1-part-1",
    ]


@pytest.mark.parametrize("parts", [0, 4])
def test_what_cards_name_is_what_is_published(tmp_path: Path, parts: int) -> None:
    found = settings(tmp_path, parts=parts, delta=True, in_cards=True)
    generation = found.token_ca[0]
    rule = ExtensionRule(
        key_usage=(),
        crl_url=f"{found.status.public_url}/crl/{generation.published_as}.crl",
        crl_parts=parts,
        crl_deltas=True,
    )
    published = {(each.point, each.delta) for each in lists_of(found, generation)}
    named = set()
    for number in range(8):
        serial = SerialNumber(2**156 + number)
        named |= set(zip(rule.crl_urls(serial), rule.delta_urls(serial), strict=True))
    assert named <= published
    assert len(named) == max(1, parts)


def test_cards_name_deltas_only_where_there_are_any(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="needs delta CRLs") as refused:
        settings(tmp_path, in_cards=True)
    assert refused.value.key == "crl.delta_in_cards"


@pytest.mark.parametrize("name", ["x-delta", "x-part-3"])
@pytest.mark.parametrize("field", ["id", "published_as"])
def test_no_ca_is_called_as_a_part_is(tmp_path: Path, field: str, name: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        settings(tmp_path, named=(field, name))
    assert refused.value.key.endswith(field)


@pytest.mark.parametrize(
    ("parts", "delta", "longest"), [(0, False, 63), (0, True, 57), (1, False, 56), (64, True, 49)]
)
def test_an_id_leaves_room_for_the_names_of_all_lists(
    tmp_path: Path, parts: int, longest: int, *, delta: bool
) -> None:
    found = settings(tmp_path, parts=parts, delta=delta, named=("id", "g" * longest))
    for each in lists_of(found, found.token_ca[0]):
        assert each.id.value == each.delta_id.value.removesuffix("-delta") if delta else each.id
    with pytest.raises(ConfigurationInvalid) as refused:
        settings(tmp_path, parts=parts, delta=delta, named=("id", "g" * (longest + 1)))
    assert refused.value.key == "token_ca.0.id"


async def test_the_number_of_parts_stays_for_the_life_of_a_generation(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    migrate(url)
    store = Store.open(url, clock=SystemClock())
    await keep_parts(settings(tmp_path, parts=4), store)
    await keep_parts(settings(tmp_path, parts=4), store)
    for parts in (0, 2, 5):
        with pytest.raises(ConfigurationInvalid, match="name 4 parts") as refused:
            await keep_parts(settings(tmp_path, parts=parts), store)
        assert refused.value.key == "token_ca.0.crl_parts"
    await store.close()


async def test_deltas_stay_once_cards_name_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    migrate(url)
    store = Store.open(url, clock=SystemClock())
    await keep_deltas(settings(tmp_path), store)
    await keep_deltas(settings(tmp_path, delta=True), store)
    await keep_deltas(settings(tmp_path), store)
    await keep_deltas(settings(tmp_path, delta=True, in_cards=True), store)
    await keep_deltas(settings(tmp_path, delta=True), store)
    with pytest.raises(ConfigurationInvalid, match="of token-ca-g1 name delta") as refused:
        await keep_deltas(settings(tmp_path), store)
    assert refused.value.key == "crl.delta"
    await keep_deltas(settings(tmp_path, named=("state", "ended")), store)
    await store.close()
