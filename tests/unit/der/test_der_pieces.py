"""Octets that are never joined read as if they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.der.codec import Pieces

several = st.lists(st.binary(max_size=6), max_size=6)
places = st.integers(0, 40)


@given(several, places, places)
def test_they_are_as_if_joined(pieces: list[bytes], start: int, stop: int) -> None:
    octets, joined = Pieces(pieces), b"".join(pieces)
    assert len(octets) == len(joined)
    assert octets[start:stop] == joined[start:stop]
    assert [octets[place] for place in range(len(joined))] == list(joined)
    with pytest.raises(IndexError):
        octets[len(joined)]
