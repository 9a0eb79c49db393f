"""One token behind a module: found by its reader, opened with a PIN."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from card_writer.card_edge import CardGone, CardRefused, SecretKind, WrongSecret
from card_writer.pkcs11.module import Answer, TokenInfo
from card_writer.pkcs11.refusals import WRONG, TokenRefused, wrong
from card_writer.secret import Secret
from pki.der import codec
from pki.der.certificate import read_certificate
from pki.domain.errors import ZorgidError

_NAME_OCTETS = 64
"""A slot's description has no more room (CK_SLOT_INFO, PKCS#11 2.40, 3.2)."""
_CKR_PIN_INCORRECT = 0xA0
_UNTOLD = 2
"""Tries that are left at least where no flag says that the next mistake blocks the PIN."""


class Calls(Protocol):
    """A module, as `card_writer.pkcs11.module.Module` is one."""

    def tokens(self) -> tuple[TokenInfo, ...]:
        """The tokens that are in."""
        ...

    def call(self, name: str, *parts: Secret | bytes, **fields: Any) -> Answer:  # noqa: ANN401 -- JSON
        """Have something done."""
        ...


@dataclass(slots=True)
class TokenLink:
    """The token in ``reader``; without a reader's name the only one that is initialised.

    A part of the name will do where it fits one reader.
    """

    module: Calls
    reader: str | None
    _who: str | None = field(default=None)

    def info(self) -> TokenInfo:
        """What the token shows.

        Raises:
            CardGone: there is none.
            CardRefused: there are several.
        """
        found = self._here()
        if not found:
            raise CardGone(
                message="the module sees no card in this reader",
                next_step="put the card in; does the middleware know this kind of card?",
                outcome_unknown=False,
            )
        if len(found) > 1:
            raise CardRefused(
                message="the module sees more than one card", next_step="name the reader"
            )
        return found[0]

    def open(self, who: SecretKind | None, secret: Secret | None = None) -> None:
        """A new session: with the PIN, with the PUK as security officer, or without a right.

        Without ``secret`` the PIN is typed at the reader's own keys.

        Raises:
            WrongSecret: it is wrong or blocked.
        """
        self._who = None
        name = {None: "nobody", SecretKind.PIN: "user", SecretKind.PUK: "so"}[who]
        given = () if secret is None else (secret,)
        slot = self.info().slot
        try:
            self.module.call("open", *given, slot=slot, who=name)
        except TokenRefused as error:
            if who is None:
                raise
            raise self._sorted(error, who) from None
        self._who = name

    def ready(self) -> None:
        """Have a session of some kind."""
        if self._who is None:
            self.open(None)

    @property
    def is_user(self) -> bool:
        """Whether the PIN was proven in this session."""
        return self._who == "user"

    def change(self, which: SecretKind, *, old: Secret, new: Secret) -> None:
        """Replace a PIN that was proven in this session.

        Raises:
            WrongSecret: the old one is wrong or blocked.
        """
        try:
            self.module.call("set_pin", old, new)
        except TokenRefused as error:
            raise self._sorted(error, which) from None

    def initialise(self, puk: Secret, label: str) -> None:
        """Give a token its label and PUK; whatever was on it is gone.

        Raises:
            WrongSecret: it has another PUK already.
        """
        self._who = None
        code = self.module.call("init_token", puk, slot=self.info().slot, label=label).value
        if code == _CKR_PIN_INCORRECT:
            raise self._wrong(SecretKind.PUK, blocked=False)
        if code:
            raise CardRefused(
                message=f"the module does not initialise the card (CKR {int(code):08x})",
                next_step="take another card; if it stays so, look at its middleware",
            )

    def call(self, name: str, *parts: Secret | bytes, **fields: str) -> Answer:
        """A call in the present session."""
        return self.module.call(name, *parts, **fields)

    def put_certificate(self, der: bytes, *, key: str, label: str) -> None:
        """Write a certificate, with the names that programs search it by."""
        content = read_certificate(der).content
        serial = codec.integer(content.serial.value)
        names = (content.subject_der, content.issuer_der, serial)
        self.call("put_certificate", der, *names, key=key, label=label)

    def close(self) -> None:
        """End the session and its rights."""
        self._who = None
        self.module.call("close")

    def _here(self) -> list[TokenInfo]:
        known = self.module.tokens()
        if self.reader is None:
            return [token for token in known if token.initialised]
        name = self.reader[:_NAME_OCTETS].strip()
        exact = [token for token in known if token.reader.strip() == name]
        return exact or [token for token in known if name in token.reader]

    def _sorted(self, error: TokenRefused, which: SecretKind) -> ZorgidError:
        if error.value not in WRONG:
            return error
        return self._wrong(which, blocked=error.value == "PinLocked")

    def _wrong(self, which: SecretKind, *, blocked: bool) -> WrongSecret:
        info = self.info()
        left = info.pin_tries if which is SecretKind.PIN else info.puk_tries
        return wrong(which, at_least=0 if blocked else _UNTOLD if left is None else left)
