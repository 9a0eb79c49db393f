"""Tokens of SoftHSM2 in a folder of their own, and what may happen to them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PIN = b"492817"
SO_PIN = b"38291746"
MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
)


def softhsm_module() -> Path | None:
    """SoftHSM's shared library, where a distribution puts it."""
    return next((path for path in MODULES if path.is_file()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftHsm:
    """One folder of tokens. SoftHSM finds it through its environment when it is initialised."""

    folder: Path
    pin: bytes = PIN

    @classmethod
    def make(cls, folder: Path, pin: bytes = PIN) -> "SoftHsm":
        made = cls(folder=folder, pin=pin)
        made.tokens.mkdir(parents=True)
        made.config.write_text(
            f"directories.tokendir = {made.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        return made

    @property
    def config(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    @property
    def module(self) -> Path:
        found = softhsm_module()
        assert found is not None
        return found

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SOFTHSM2_CONF": str(self.config)}

    def run(self, *words: str) -> str:
        """`softhsm2-util`, on this folder."""
        done = subprocess.run(
            ["softhsm2-util", *words],
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def add_token(self, label: str) -> None:
        pins = ("--pin", self.pin.decode(), "--so-pin", SO_PIN.decode())
        self.run("--init-token", "--free", "--label", label, *pins)

    def import_key(self, token: str, key_id: str, label: str, pkcs8: Path) -> None:
        """Bring in an unencrypted PKCS#8 file; a practice key alone may come in this way."""
        self.run(
            *("--import", str(pkcs8), "--token", token, "--pin", self.pin.decode()),
            *("--id", key_id, "--label", label),
        )

    def take_away(self) -> None:
        """The device is pulled: the tokens are gone, objects in use included."""
        self.tokens.rename(self.folder / "taken away")
        self.tokens.mkdir()

    def bring_back(self) -> None:
        self.tokens.rmdir()
        (self.folder / "taken away").rename(self.tokens)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.take_away()
        try:
            yield
        finally:
            self.bring_back()
