"""Where cards are put in that a vendor's module speaks for; each has a process of its own."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from card_writer.at_reader import PinEntry
from card_writer.pkcs11.card import TokenCard, TokenSettings
from card_writer.pkcs11.link import TokenLink
from card_writer.pkcs11.module import Module
from card_writer.pkcs11.uzi_pass import TokenPass
from card_writer.secret import Secret
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import CardNumber


@dataclass(slots=True, kw_only=True)
class _ModuleReader:
    """Where the module in ``path`` speaks for what lies there."""

    path: Path
    _module: Module | None = field(default=None)

    def close(self) -> None:
        """Let it go, and end the module's process; repeated, nothing happens."""
        module, self._module = self._module, None
        if module is not None:
            module.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True, kw_only=True)
class TokenPassReader(_ModuleReader):
    """Where a UZI pass is put in; ``path`` is its middleware."""

    reader: str | None = None

    @property
    def pin_entry(self) -> PinEntry:
        """Where the PIN is typed; the module says so (CKF_PROTECTED_AUTHENTICATION_PATH)."""
        return PinEntry.AT_READER if self._link().info().pin_pad else PinEntry.HERE

    def tries_left(self) -> int | None:
        """0 when blocked, 1 when the next mistake blocks it, else unknown.

        Raises:
            CardGone, CardRefused: there is no such pass, or it cannot be read.
        """
        link = self._link()
        TokenPass(link).authenticity_certificate()
        return link.info().pin_tries

    def open(self, pin: Secret | None) -> TokenPass:
        """Prove the PIN, once; without one it is typed at the reader.

        Raises:
            PinNotTyped: nobody typed one there.
            WrongSecret: it is wrong or blocked.
            CardGone, CardRefused: there is no such pass, or it cannot be read.
        """
        found = TokenPass(self._link())
        found.authenticity_certificate()
        found.log_in(pin)
        return found

    def _link(self) -> TokenLink:
        if self._module is None:
            self._module = Module(self.path)
        return TokenLink(self._module, self.reader)


@dataclass(slots=True, kw_only=True)
class TokenCardReader(_ModuleReader):
    """Where a ZORG-ID card is put in that only the module in ``path`` can write.

    ``reader`` is its name as the module tells it.
    """

    reader: str
    settings: TokenSettings = field(default_factory=TokenSettings)
    key_type: KeyType = KeyType.RSA_2048

    def open(self, printed: CardNumber | None) -> TokenCard:
        """The card that lies there now; ``printed`` is the number on it, where somebody read it.

        Raises:
            ConfigurationInvalid: the module cannot be used.
        """
        self.close()
        self._module = Module(self.path)
        link = TokenLink(self._module, self.reader)
        return TokenCard(link, self.settings, self.key_type, printed)
