"""What is said of a configuration that cannot be used: setting, value, what to do; no secret."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from pki.domain.errors import ConfigurationInvalid
from pki.settings.file import checked, read_toml
from pki.settings.types import Section
from server.settings import StoreSettings, load

STEP = "make one"
NO_NUMBER = "Input should be a valid integer, unable to parse string as an integer"


class Inner(Section):
    seconds: Annotated[int, Field(ge=1)] = 1
    pin_fd: int | None = None
    level: Literal["low", "high"] = "low"


class Whole(Section):
    place: str = ""
    inner: Inner | None = None
    several: Annotated[list[Inner], Field(default_factory=list)]


@pytest.mark.parametrize(
    ("document", "said", "step"),
    [
        ({"palce": 1}, "setting palce is unknown", "did you mean place? if not, take palce out"),
        ({"colour": 1}, "setting colour is unknown", "take colour out"),
        (
            {"several": [{}, {"second": 1}]},
            "setting several.1.second is unknown",
            "did you mean several.1.seconds? if not, take several.1.second out",
        ),
        (
            {"iner": {"seconds": "x"}, "inner": {"seconds": 0}},
            "setting iner is unknown",
            "did you mean inner? if not, take iner out",
        ),
        (
            {"inner": {"seconds": 0}},
            "setting inner.seconds: Input should be greater than or equal to 1 (it is 0)",
            "correct inner.seconds in the configuration",
        ),
        (
            {"inner": {"level": "mid"}},
            "setting inner.level: Input should be 'low' or 'high' (it is 'mid')",
            "correct inner.level in the configuration",
        ),
        (
            {"inner": {"pin_fd": "1234a"}},
            f"setting inner.pin_fd: {NO_NUMBER}",
            "correct inner.pin_fd in the configuration",
        ),
        (
            {"inner": {"level": "x" * 200}},
            "setting inner.level: Input should be 'low' or 'high'",
            "correct inner.level in the configuration",
        ),
        (
            {"inner": 3, "several": []},
            "setting inner: Input should be a valid dictionary or instance of Inner (it is 3)",
            "correct inner in the configuration",
        ),
    ],
)
def test_a_setting_is_named_with_what_to_do(
    document: dict[str, object], said: str, step: str
) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        checked(Whole, document, directory=Path())
    assert (caught.value.message, caught.value.next_step) == (said, step)


def test_a_setting_that_is_needed_is_missing() -> None:
    class Needs(Section):
        name: str

    with pytest.raises(ConfigurationInvalid, match="setting name is missing") as caught:
        checked(Needs, {}, directory=Path())
    assert caught.value.next_step == "add name, as the example configuration has it"


@pytest.mark.parametrize(
    ("octets", "said", "step"),
    [
        (b"", "is empty", STEP),
        (b"# nothing\n", "is empty", STEP),
        (b"a = 1\nb = \xe9\n", "is not UTF-8 text (line 2)", "save it anew"),
        ("a = 1".encode("utf-16"), "is not UTF-8 text (line 1)", "save it anew"),
        ("a = 1".encode("utf-16-le"), "is not TOML: ", "mend that line"),
        (b"a = 1\na = 2\n", "(at line 2", "mend that line"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, octets: bytes, said: str, step: str
) -> None:
    path = tmp_path / "zorgid.toml"
    path.write_bytes(octets)
    with pytest.raises(ConfigurationInvalid) as caught:
        read_toml(path, missing=STEP)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.next_step.startswith(step)


def test_the_mark_of_some_editors_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "zorgid.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_toml(path, missing="") == {"a": 1}


@pytest.mark.parametrize(
    ("url", "has"),
    [
        ("zorgid:geheim@db/zorgid", True),
        ("zorgid@/zorgid?host=/run/postgresql&password=geheim", True),
        ("zorgid@/zorgid?host=/run/postgresql", False),
    ],
)
def test_a_password_in_the_address_of_the_database_is_seen(url: str, *, has: bool) -> None:
    assert StoreSettings(postgresql=f"postgresql+psycopg://{url}").has_password is has


def test_a_wrong_address_of_the_database_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "zorgid.toml"
    path.write_text('[store]\npostgresql = "postgresql://zorgid:canary@db/zorgid"\n', "utf-8")
    with pytest.raises(ConfigurationInvalid) as caught:
        load(path)
    assert "canary" not in f"{caught.value} {caught.value.next_step}"
