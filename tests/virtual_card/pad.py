"""A reader with keys of its own before a real pcscd; a test says what is typed at them."""

import os
import subprocess
from pathlib import Path

from virtual_card.pcscd import Pcscd

SOURCE = Path(__file__).parents[1] / "readers" / "pin_pad.c"
ALL = ("verify", "modify", "properties", "tlv")
FEATURES_ASKED = 3400


class PadReader:
    """pcscd with that reader, in place of another; every APDU of a program is in its log."""

    def __init__(self, folder: Path, in_place_of: Pcscd) -> None:
        self.folder = folder
        driver = folder / "libifdpad.so"
        flags = ["-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC", "-I/usr/include/PCSC"]
        subprocess.run(["gcc", *flags, "-o", driver, SOURCE, "-ldl"], check=True, timeout=120)
        self.has(*ALL)
        os.environ["PIN_PAD"] = str(folder)
        try:
            self.pcscd = Pcscd(
                folder / "pcscd",
                reader="ZORG-ID keyed reader",
                driver=driver,
                traced=True,
                socket_of=in_place_of,
            )
        finally:
            del os.environ["PIN_PAD"]

    def has(self, *features: str) -> None:
        """What the reader says that it can do."""
        (self.folder / "features").write_text(" ".join(features))

    def types(self, *lines: str) -> None:
        """What a person does next, one line for each time the reader waits for them.

        A PIN, old and new and new again, or ``cancel``; without a line the time is up at once.
        """
        with (self.folder / "keys").open("a") as keys:
            keys.writelines(f"{line}\n" for line in lines)

    def asked(self) -> list[tuple[int, bytes]]:
        """Control codes and structures since this was asked before, but for the features."""
        path = self.folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        told = [line.partition(" ") for line in lines]
        return [
            (int(code), bytes.fromhex(octets))
            for code, _, octets in told
            if int(code) != FEATURES_ASKED
        ]
