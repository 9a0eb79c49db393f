"""A desk of fakes, and somebody who wants a card."""

import pytest

from fakes_issuance import Surroundings
from issuance_holder import Holder


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


@pytest.fixture
def holder(around: Surroundings) -> Holder:
    return Holder(around)
