"""Sealed birth dates open for their person under their key, and for nothing else."""

from datetime import date
from pathlib import Path

import pytest

from pki.domain.errors import ConfigurationInvalid, IntegrityBroken
from pki.domain.identifiers import PersonId
from pki.domain.people import BirthDate
from pki.keys.sealing import BirthDateSealer, write_sealing_key
from pki.ports import SystemEntropy

PERSON, OTHER = PersonId("a" * 32), PersonId("b" * 32)
BIRTH_DATE = BirthDate(date(1980, 2, 29))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "sealing.key"
    write_sealing_key(path, SystemEntropy())
    return path


@pytest.fixture
def sealer(key_file: Path) -> BirthDateSealer:
    return BirthDateSealer.load(key_file, SystemEntropy())


def test_it_opens_again_and_never_looks_the_same(sealer: BirthDateSealer) -> None:
    first, second = sealer.seal(PERSON, BIRTH_DATE), sealer.seal(PERSON, BIRTH_DATE)
    assert first != second
    assert b"1980" not in first
    assert sealer.unseal(PERSON, first) == sealer.unseal(PERSON, second) == BIRTH_DATE


def test_it_tells_whether_a_date_is_the_one(sealer: BirthDateSealer) -> None:
    sealed = sealer.seal(PERSON, BIRTH_DATE)
    assert sealer.holds(PERSON, sealed, BIRTH_DATE)
    assert not sealer.holds(PERSON, sealed, BirthDate(date(1980, 3, 1)))


def test_it_is_bound_to_the_person(sealer: BirthDateSealer) -> None:
    with pytest.raises(IntegrityBroken):
        sealer.unseal(OTHER, sealer.seal(PERSON, BIRTH_DATE))


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_a_changed_or_cut_seal_does_not_open(sealer: BirthDateSealer, cut: int) -> None:
    with pytest.raises(IntegrityBroken):
        sealer.unseal(PERSON, sealer.seal(PERSON, BIRTH_DATE)[:cut])


def test_a_key_that_others_may_read_is_refused(key_file: Path) -> None:
    key_file.chmod(0o640)
    with pytest.raises(ConfigurationInvalid, match="others"):
        BirthDateSealer.load(key_file, SystemEntropy())


def test_a_key_of_another_size_or_none_is_refused(key_file: Path) -> None:
    key_file.write_bytes(b"short")
    with pytest.raises(ConfigurationInvalid, match="32 octets"):
        BirthDateSealer.load(key_file, SystemEntropy())
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        BirthDateSealer.load(key_file.with_name("none"), SystemEntropy())


def test_a_key_is_never_replaced(key_file: Path) -> None:
    with pytest.raises(FileExistsError):
        write_sealing_key(key_file, SystemEntropy())
