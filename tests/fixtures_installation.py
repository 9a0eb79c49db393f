"""A practice installation, made once; each test or module gets a copy of its folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nursery import Nursery
from pki.domain.algorithms import KeyType
from pki.ports import SystemEntropy
from practice import Practice, copied, make_practice, register_served
from program import readiness
from server.commands.journal import verify
from server.demo.stage import choose_ports


@pytest.fixture(scope="session")
def made_practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """The original: nothing is started in it. Its register answers for the whole session."""
    folder = tmp_path_factory.mktemp("practice") / "made"
    practice = make_practice(folder, choose_ports(None, SystemEntropy()))
    with register_served(practice.register, practice.ports):
        yield practice


@pytest.fixture
def practice(made_practice: Practice, tmp_path: Path) -> Practice:
    """A copy for one test."""
    return copied(made_practice, tmp_path / "installation")


@pytest.fixture(scope="module")
def module_practice(made_practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """A copy for the tests of one module."""
    return copied(made_practice, tmp_path_factory.mktemp("module") / "installation")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where most servers come from: starting the program anew takes seconds each time."""
    nursery = Nursery()
    try:
        yield nursery
    finally:
        nursery.close()


@pytest.fixture(scope="module")
def running_practice(module_practice: Practice, nursery: Nursery) -> Iterator[Practice]:
    """A server for the tests of one module, with RSA-2048 cards; sound when they are done."""
    module_practice.change(('card_profile = "card-p256"', 'card_profile = "card-rsa2048"'))
    made = replace(module_practice, key_type=KeyType.RSA_2048)
    with nursery.serving(made):
        yield made
        assert readiness(made.metrics_port) is None
    assert nursery.code == 0
    assert verify(made.config, None).code == 0
