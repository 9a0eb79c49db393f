"""Connections never take the descriptors that everything else needs."""

import logging
import resource

import pytest

from server.status_http import descriptors
from server.status_http.descriptors import fitting, room_for


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "fits"),
    [
        (1024, 524_288, 10_200, 10_000),
        (1024, -1, 10_200, 10_000),
        (1024, 4096, 4096, 3896),
        (65_536, 65_536, 65_536, 10_000),
        (-1, -1, -1, 10_000),
        (256, 256, 256, 56),
        (64, 64, 64, 10),
    ],
)
def test_what_fits(soft: int, hard: int, asked: int, fits: int) -> None:
    assert fitting(10_000, soft, hard) == (asked, fits)


def test_the_soft_limit_is_raised_and_a_low_hard_one_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = (1024, 4096)

    class System:
        RLIMIT_NOFILE = resource.RLIMIT_NOFILE

        def getrlimit(self, _which: int) -> tuple[int, int]:
            return limits

        def setrlimit(self, _which: int, asked: tuple[int, int]) -> None:
            nonlocal limits
            limits = asked

    monkeypatch.setattr(descriptors, "resource", System())
    with caplog.at_level(logging.WARNING):
        assert room_for(100) == 100
        assert limits == (1024, 4096)
        assert not caplog.records
        assert room_for(10_000) == 3896
    assert limits == (4096, 4096)
    (told,) = caplog.records
    assert (vars(told)["wanted"], vars(told)["allowed"]) == (10_000, 3896)
    assert "LimitNOFILE" in vars(told)["next_step"]
