"""A restore of an installation with two generations: the numbers of both must go on rising."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from ca.practice import SigningCa, make_crl
from installed.next_generation import add_generation
from installed.practice import Practice, tuned
from pki.domain.errors import Conflict, SignatureBroken
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId
from pki.domain.records import PublishedCrl
from pki.keys.soft import SoftSigner
from pki.ports import SystemClock
from pki.store.writing import Store, WriteSession
from server.commands.backup.confirm import LastCrl, confirm
from server.generation.authorities import profiles_of
from server.report import Report
from server.restored import Restored, marker_path, read_marker, write_marker
from server.roles.keys import read_certificate_file
from server.roles.write_ports import crl_floor
from server.settings import load

G1, G2 = IssuerId("token-ca-g1"), IssuerId("token-ca-g2")
KNOWN = 3


@pytest.fixture
def restored(practice: Practice) -> Practice:
    """Restored to a moment at which CRL 3 of each generation was published."""
    add_generation(practice, 2)
    store = Store.open(f"sqlite:///{practice.layout.store}", clock=SystemClock())
    for issuer in (G1, G2):
        held = published(practice, issuer, KNOWN)
        store.write_sync(partial(WriteSession.put_crl, crl=held, expected_previous=0))
    store.close_sync()
    path = marker_path(load(practice.config))
    assert path is not None
    moment = "2026-11-22T12:00:00.000000Z"
    mark = Restored(
        backup_made_at=moment, restored_at=moment, position=1, digest="00" * 32, crl_number=KNOWN
    )
    write_marker(path, mark)
    return practice


def published(practice: Practice, issuer: IssuerId, number: int) -> PublishedCrl:
    """A CRL of one generation, by its own key."""
    settings = load(practice.config)
    layout = practice.layout
    (generation,) = (each for each in settings.token_ca if each.id == issuer.value)
    ca = SigningCa(
        certificate=read_certificate_file(generation.certificate),
        profile=profiles_of(settings, generation)["token-ca"],
        signer=SoftSigner.load(layout.key(generation.id), layout.secret("passphrase").read_bytes()),
    )
    now = SystemClock().now().replace(microsecond=0)
    der = asyncio.run(make_crl(ca, number=number, now=now))
    return PublishedCrl(
        issuer=issuer,
        number=number,
        this_update=now,
        next_update=now,
        der=der,
        entries=0,
        upto=1,
    )


def written(practice: Practice, *crls: PublishedCrl) -> tuple[Path, ...]:
    paths = [practice.layout.root / f"{each.issuer}-{each.number}.crl" for each in crls]
    for path, each in zip(paths, crls, strict=True):
        path.write_bytes(each.der)
    return tuple(paths)


def confirmed(practice: Practice, last: LastCrl) -> Report:
    return confirm(practice.config, last, say=lambda _: None, clock=SystemClock())


def floors(practice: Practice, *names: IssuerId) -> list[int]:
    store = Store.open(f"sqlite:///{practice.layout.store}", clock=SystemClock())

    def read(session: WriteSession) -> list[int]:
        return [session.cursor(crl_floor(each)) for each in names or (G1, G2)]

    try:
        return store.write_sync(read)
    finally:
        store.close_sync()


def test_the_last_crl_of_each_is_asked_for_and_counts(restored: Practice) -> None:
    first, second = published(restored, G1, 8), published(restored, G2, 5)
    with pytest.raises(Conflict, match="no last CRL of token-ca-g2"):
        confirmed(restored, LastCrl(files=written(restored, first)))
    old = published(restored, G2, KNOWN - 1)
    with pytest.raises(Conflict, match="CRL 2 is not the last"):
        confirmed(restored, LastCrl(files=written(restored, first, old)))
    assert floors(restored) == [0, 0]
    told = confirmed(restored, LastCrl(files=written(restored, second, first)))
    assert told.result["crl_numbers"] == {"token-ca-g1": 8, "token-ca-g2": 5}
    assert floors(restored) == [8, 5]


def test_a_number_alone_is_above_those_of_both(restored: Practice) -> None:
    told = confirmed(restored, LastCrl(number=1000))
    assert told.result["crl_numbers"] == {"token-ca-g1": 1000, "token-ca-g2": 1000}
    assert floors(restored) == [1000, 1000]


def test_parts_go_on_above_any_number_that_they_can_have_had(restored: Practice) -> None:
    text = restored.config.read_text("utf-8")
    line = 'id = "token-ca-g1"\n'
    restored.config.write_text(tuned(text, (line, f"{line}crl_parts = 2\n")), "utf-8")
    mark = read_marker(load(restored.config))
    assert mark is not None
    an_hour_ago = encode_time(SystemClock().now() - timedelta(hours=1))
    write_marker(marker_path(load(restored.config)), replace(mark, backup_made_at=an_hour_ago))
    confirmed(restored, LastCrl(number=7))
    parts = [IssuerId(f"token-ca-g1-part-{part}") for part in range(2)]
    whole, *rest = floors(restored, G1, *parts)
    assert whole == 7
    # Not faster than a thousand a second, of which none can make as many.
    assert all(7 + 3600 * 1000 <= floor < 7 + 2 * 3600 * 1000 for floor in rest)


def test_a_crl_of_neither_is_refused(restored: Practice) -> None:
    with pytest.raises(SignatureBroken, match="no generation"):
        confirmed(restored, LastCrl(files=(restored.layout.crl("root"),)))
