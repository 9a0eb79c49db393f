"""Steps on the readers: with the UZI pass, and with the card that is being made."""

from dataclasses import dataclass, field

from card_writer.flow.bench import Bench, Found, PassState
from card_writer.flow.steps.base import AtReader, OnReader, Proof, Secrets
from card_writer.secret import Secret
from pki.api.wire import ChallengeView
from pki.domain.identifiers import CardNumber, IdempotencyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtPass(OnReader[PassState]):
    """Whether the PIN of the pass is asked for here, and how often it may be tried."""

    def do(self, bench: Bench) -> PassState:
        return bench.look_at_pass()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPass(OnReader[bytes]):
    """Prove the PIN of the pass, once, if it has one; its authenticity certificate, DER."""

    pin: Secret | None = field(repr=False)

    def do(self, bench: Bench) -> bytes:
        return bench.open_pass(self.pin)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPassAtReader(AtReader[bytes]):
    """The same with a PIN that is typed at the reader."""

    def do(self, bench: Bench) -> bytes:
        return bench.open_pass(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignWithPass(OnReader[Proof]):
    """Let the pass sign, and let it go: it is not needed after this."""

    challenge: ChallengeView
    message: bytes

    def do(self, bench: Bench) -> Proof:
        signature, algorithm = bench.sign_with_pass(self.message)
        return Proof(challenge=self.challenge, signature=signature, algorithm=algorithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCard(OnReader[Found]):
    """What lies in the card's reader, read anew."""

    printed: CardNumber | None

    def do(self, bench: Bench) -> Found:
        return bench.read_card(self.printed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginOrder(OnReader[IdempotencyKey]):
    """Make the key pair on the card, choose an idempotency key, and keep it there."""

    def do(self, bench: Bench) -> IdempotencyKey:
        return bench.begin_order()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeBlank(OnReader[None]):
    """Take what an ended order left off the card."""

    def do(self, bench: Bench) -> None:
        bench.card.make_blank()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin(OnReader[None]):
    """Take the rights that a card as delivered gives its maker."""

    def do(self, bench: Bench) -> None:
        bench.card.begin()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn(OnReader[None]):
    """Prove the holder's PIN to the card."""

    pin: Secret = field(repr=False)

    def do(self, bench: Bench) -> None:
        bench.card.begin()
        bench.card.log_in(self.pin)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade:
    """The key's PKCS#10 request, and its card's proof; the latter is empty where there is none."""

    pkcs10: bytes
    attestation: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeRequest(OnReader[KeyMade]):
    """Make the key on the card unless it is there; ``attest``: the server looks at proofs of it."""

    attest: bool

    def do(self, bench: Bench) -> KeyMade:
        bench.card.ensure_key()
        pkcs10 = bench.card.certification_request()
        return KeyMade(pkcs10=pkcs10, attestation=bench.card.attestation() if self.attest else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteChain(OnReader[tuple[bytes, ...]]):
    """Write the chain to the card, leaf first, and read back what it then holds."""

    chain: tuple[bytes, ...]

    def do(self, bench: Bench) -> tuple[bytes, ...]:
        bench.card.write_certificates(self.chain)
        return bench.card.certificates()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChain(OnReader[tuple[bytes, ...]]):
    """What the card holds, leaf first."""

    def do(self, bench: Bench) -> tuple[bytes, ...]:
        return bench.card.certificates()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(OnReader[None]):
    """Replace PUK, PIN and administration key by the holder's and this card's own."""

    secrets: Secrets

    def do(self, bench: Bench) -> None:
        bench.card.hand_over(pin=self.secrets.pin, puk=self.secrets.puk)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignWithCard(OnReader[Proof]):
    """Reset the card, prove the holder's PIN where it has one, and let the new key sign."""

    challenge: ChallengeView
    message: bytes
    pin: Secret | None = field(repr=False)

    def do(self, bench: Bench) -> Proof:
        bench.card.start_afresh()
        if self.pin is not None:
            bench.card.log_in(self.pin)
        signature = bench.card.sign(self.message)
        return Proof(challenge=self.challenge, signature=signature, algorithm=bench.card.algorithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish(OnReader[None]):
    """Mark the card operational."""

    def do(self, bench: Bench) -> None:
        bench.card.finish()
