"""A browser asks to be let in: a code to be shown to a telephone, a secret to be kept."""

from dataclasses import dataclass
from typing import Final

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Registration
from issuance.steps.codes import code_digest, new_code, new_token, token_digest
from pki.domain.identifiers import SessionId
from pki.domain.logins.records import Login
from pki.ports import Entropy

_NUMBERS: Final = 100
_DRAWN_OCTETS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AskedLogin:
    """A log-in with its code, which the browser shows, and its secret, which it keeps."""

    login: Login
    code: str
    secret: str


async def ask_login(desk: Desk, origin: str | None) -> AskedLogin:
    """Begin a log-in; ``origin`` is the browser's address.

    Raises:
        StoreUnavailable: try again later.
    """
    code = new_code(desk.entropy)
    secret = new_token(desk.entropy)

    def ask(session: Registration) -> Login:
        login = Login(
            id=SessionId.from_random(desk.entropy.octets(ID_OCTETS)),
            code_sha256=code_digest(code),
            secret_sha256=token_digest(secret),
            number=_two_digits(desk.entropy),
            origin=origin,
            asked_at=session.now,
            expires_at=session.now + desk.limits.login,
        )
        session.put_login(login)
        return login

    return AskedLogin(login=await desk.store.write(ask), code=code, secret=secret)


def _two_digits(entropy: Entropy) -> str:
    """Of 64 bits, so that each number is as likely as the next to one part in 10^17."""
    drawn = int.from_bytes(entropy.octets(_DRAWN_OCTETS), "big")
    return f"{drawn % _NUMBERS:02}"
