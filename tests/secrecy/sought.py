"""Secrets that a test knows, in each form they could be written in, and where those are found."""

import base64
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from io import RawIOBase
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LEAST = 8
"""Octets of a form: a shorter one is found where nothing is hidden."""

_MOST = 24
_PIECE = 1 << 20
_URL = bytes.maketrans(b"+/", b"-_")
_DAYS = ("%Y-%m-%d", "%d-%m-%Y", "%Y%m%d", "%d%m%Y", "%d/%m/%Y", "%Y, %-m, %-d")


def written(secret: bytes) -> Iterator[bytes]:
    """Octets or text as they are, in UTF-16, hexadecimal, and base64 at its three alignments."""
    piece = max(secret.split(b"\n"), key=len)[:_MOST]
    yield piece
    # Of either order: the octets between the first and the last character are the same.
    yield piece.decode("latin-1").encode("utf-16-le")[:-1]
    yield piece.hex().encode()
    yield piece.hex().upper().encode()
    for ahead in range(3):
        # Only the characters that no neighbour has a part in.
        begin, end = -(-ahead * 8 // 6), (ahead + len(piece)) * 8 // 6
        text = base64.b64encode(bytes(ahead) + piece)[begin:end]
        yield text
        yield text.translate(_URL)


def written_day(day: date) -> Iterator[bytes]:
    """A birth date, as people and programs write it."""
    for form in _DAYS:
        yield from written(day.strftime(form).encode())


def written_key(key: object) -> Iterator[bytes]:
    """A private key's numbers, as DER has them and as OpenSSL does in memory.

    Two pieces of each: a line of PEM may end inside one.
    """
    match key:
        case RSAPrivateKey():
            numbers = key.private_numbers()
            secret: tuple[int, ...] = (numbers.p, numbers.q, numbers.d)
        case EllipticCurvePrivateKey():
            secret = (key.private_numbers().private_value,)
        case _:
            raise TypeError(type(key).__name__)
    for number in secret:
        octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
        half = len(octets) // 2
        for piece in (octets[:half], octets[half:]):
            yield from written(piece)
            yield from written(piece[::-1])


@dataclass(frozen=True, slots=True)
class Sought:
    """Forms of secrets, and the secret that each is one of."""

    forms: Mapping[bytes, str]

    @classmethod
    def of(cls, secrets: Mapping[str, Iterable[bytes]]) -> "Sought":
        """By name. A form that is too short is none; a secret without any is refused."""
        found = {
            form: name
            for name, forms in secrets.items()
            for form in forms
            if len(form) >= LEAST and b"\n" not in form
        }
        if missing := secrets.keys() - set(found.values()):
            raise AssertionError(f"too short to look for: {sorted(missing)}")
        return cls(found)

    @property
    def names(self) -> set[str]:
        return set(self.forms.values())

    def without(self, *names: str) -> "Sought":
        """All but those, which must be there."""
        if lost := set(names) - self.names:
            raise AssertionError(f"not sought at all: {sorted(lost)}")
        return Sought({form: name for form, name in self.forms.items() if name not in names})

    def within(self, octets: Iterable[bytes] | bytes) -> set[str]:
        """Which secrets these hold."""
        pieces = [octets] if isinstance(octets, bytes) else octets
        return {name for _, name in self._found(["-"], pieces)}

    def in_files(self, *places: Path) -> dict[str, set[str]]:
        """Which secrets the files hold that are here, or in these folders, by their paths."""
        found: dict[str, set[str]] = {}
        for place, name in self._found([*map(str, places)]):
            found.setdefault(place, set()).add(name)
        return found

    def in_memory(self, pid: int) -> set[str]:
        """Which secrets a process holds now; for root, or nobody: it is not dumpable."""
        return self.within(memory(pid))

    def shown_by(self, pid: int) -> set[str]:
        """Which secrets a list of processes shows: command line and environment."""
        at = Path(f"/proc/{pid}")
        shown = [(at / "cmdline").read_bytes()]
        try:
            shown.append((at / "environ").read_bytes())
        except PermissionError:
            # Nor can anybody else read it, but root.
            shown.append(b"")
        if not shown[0]:
            raise AssertionError(f"process {pid} has ended")
        return self.within(b"\n".join(shown))

    def _found(self, places: list[str], feed: Iterable[bytes] = ()) -> set[tuple[str, str]]:
        """A search for hundreds of words at once is what grep is quick at."""
        with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as said:
            words.write(b"\n".join(self.forms))
            words.flush()
            wanted = ("-f", f"/dev/fd/{words.fileno()}")
            with subprocess.Popen(
                ["grep", "-raoFHZ", "--devices=skip", *wanted, "--", *places],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.PIPE,
                pass_fds=(words.fileno(),),
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            ) as grep:
                assert grep.stdin is not None
                assert grep.stderr is not None
                for piece in feed:
                    grep.stdin.write(piece + b"\n")
                grep.stdin.close()
                complaint = grep.stderr.read()
            if grep.returncode not in {0, 1} or complaint:
                raise AssertionError(f"grep: {grep.returncode} {complaint!r}")
            said.seek(0)
            return set(self._read(said.read()))

    def _read(self, said: bytes) -> Iterator[tuple[str, str]]:
        for line in said.split(b"\n")[:-1]:
            place, _, form = line.partition(b"\0")
            yield place.decode(errors="replace"), self.forms[form]


def memory(pid: int) -> Iterator[bytes]:
    """What a process can write to and shares with nobody, piece by piece; untouched pages not."""
    at = Path(f"/proc/{pid}")
    untouched = bytes(_PIECE)
    lines = (at / "maps").read_text("utf-8", "replace").splitlines()
    with (at / "mem").open("rb", buffering=0) as opened:
        for line in lines:
            bounds, rights, *_ = line.split()
            if rights == "rw-p":
                begin, end = (int(each, 16) for each in bounds.split("-"))
                pieces = _read(opened, begin, end)
                yield b"".join(each for each in pieces if each != untouched)


def _read(opened: RawIOBase, begin: int, end: int) -> Iterator[bytes]:
    try:
        for at in range(begin, end, _PIECE):
            opened.seek(at)
            yield opened.read(min(_PIECE, end - at)) or b""
    except OSError:
        # Gone since it was listed, or a page that nobody may read.
        return


def family(pid: int) -> list[int]:
    """A process and all that it started and that they started."""
    children: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        # It may have ended since it was listed.
        with suppress(OSError):
            children += map(int, thread.read_text("ascii").split())
    return [pid, *(each for child in children for each in family(child))]


def may_leave_a_core(pid: int) -> bool:
    """Whether the limit on core files of a process is anything but nothing."""
    limits = Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()
    (core,) = (line for line in limits if line.startswith("Max core file size"))
    return core.split()[4:6] != ["0", "0"]
