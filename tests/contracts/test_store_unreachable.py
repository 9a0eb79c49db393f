"""What is said when the database cannot be reached at all."""

import socket

import pytest

from pki.domain.errors import StoreUnavailable
from pki.store.reading import ReadStore


def test_the_reason_is_the_drivers_first_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable, match=rf"port {port}.*refused") as refused:
            ReadStore.open(f"postgresql+psycopg://nobody@/none?host=127.0.0.1&port={port}")
    assert "\n" not in refused.value.message
