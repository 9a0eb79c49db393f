"""What looks for secrets finds them, in whatever form: else no test that uses it would fail."""

import base64
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from secrecy.sought import Sought, family, written, written_day, written_key

SECRET = b"Zq7-never-said"
SURROUNDED = [b"x" * ahead + SECRET + b"yz" for ahead in range(3)]
SOUGHT = Sought.of({"word": written(SECRET), "day": written_day(date(1931, 10, 7))})


@pytest.mark.parametrize(
    "said",
    [
        b"PIN " + SECRET,
        b"\0\n" + SECRET + b"\n\xff",
        "[Zq7-never-said]".encode("utf-16-le"),
        "[Zq7-never-said]".encode("utf-16-be"),
        *(each.hex().encode() for each in SURROUNDED),
        *(each.hex().upper().encode() for each in SURROUNDED),
        *(base64.b64encode(each) for each in SURROUNDED),
        *(base64.urlsafe_b64encode(b"\xff\xff\xfb" + each) for each in SURROUNDED),
    ],
)
def test_a_word_is_found_however_it_is_written(said: bytes, tmp_path: Path) -> None:
    assert SOUGHT.within(said) == {"word"}
    folder = tmp_path / "below" / "here"
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(said)
    assert SOUGHT.in_files(tmp_path) == {str(folder / "file"): {"word"}}
    assert SOUGHT.without("word").in_files(tmp_path) == {}


@pytest.mark.parametrize("said", [b'"1931-10-07"', b"07-10-1931", b"date(1931, 10, 7)"])
def test_a_day_is_found(said: bytes) -> None:
    assert SOUGHT.within([b"before", said]) == {"day"}
    assert SOUGHT.within(said.replace(b"7", b"8")) == set()


def test_a_key_is_found_in_a_file_and_in_memory() -> None:
    key = ec.derive_private_key(int("5d" * 16 + "3c" * 15 + "7f", 16), ec.SECP256R1())
    sought = Sought.of({"key": written_key(key)})
    numbers = key.private_numbers().private_value
    for encoding in (Encoding.DER, Encoding.PEM):
        plain = key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())
        assert sought.within(plain) == {"key"}
    assert sought.within(numbers.to_bytes(32, "little")) == {"key"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into any process")
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_process_is_looked_into() -> None:
    words = ("-S", "-c", "import sys; kept = sys.stdin.readline(); print(flush=True); input()")
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, *words], stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(SECRET + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        assert SOUGHT.in_memory(process.pid) == {"word"}
        assert SOUGHT.shown_by(process.pid) == set()
        assert family(os.getpid()).count(process.pid) == 1
        process.kill()
    telling = (sys.executable, "-S", "-c", "print(flush=True); input()", SECRET)
    with subprocess.Popen(telling, stdin=pipe, stdout=pipe) as shown:
        assert shown.stdout is not None
        shown.stdout.readline()  # the kernel shows no words of a process that is just begun
        assert SOUGHT.shown_by(shown.pid) == {"word"}
        shown.kill()


def test_what_could_not_be_found_is_not_looked_for() -> None:
    with pytest.raises(AssertionError, match="too short to look for"):
        Sought.of({"pin": [b"1234"]})
    with pytest.raises(AssertionError, match="not sought at all"):
        SOUGHT.without("another")
