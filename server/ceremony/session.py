"""What the steps of one run share: plan, folder, dialogue, keys, clock and chance."""

from dataclasses import dataclass

from ca.ceremony.plan import NewKey
from ca.ceremony.reading import invalid
from ca.ceremony.transcript import Kind
from ca.practice import Moment
from pki.domain.errors import ZorgidError
from pki.ports import Clock, Entropy, Signer
from server.ceremony.keys.port import CeremonyKeys
from server.ceremony.loading import Ceremony
from server.ceremony.terminal import Dialogue
from server.ceremony.workspace import Workspace


@dataclass(slots=True, kw_only=True)
class Session:
    """One run. ``signer`` is the key that was made or unlocked; a resumed run unlocks it anew."""

    ceremony: Ceremony
    workspace: Workspace
    dialogue: Dialogue
    keys: CeremonyKeys
    clock: Clock
    entropy: Entropy
    signer: Signer | None = None

    @property
    def moment(self) -> Moment:
        """Now, and this machine's randomness."""
        return Moment(now=self.clock.now(), entropy=self.entropy)

    @property
    def new_key(self) -> NewKey:
        """The key that the plan makes."""
        key = self.ceremony.plan.key
        if key is None:
            raise invalid("key", "is missing")
        return key

    def both_confirm(self, what: str) -> None:
        """Each operator types Ja, and the transcript says who agreed to what."""
        for person in self.ceremony.plan.people.operators:
            self.dialogue.confirm(person, what)
            self.workspace.append(Kind.CONFIRMED, {"who": person, "what": what})

    def new_signer(self) -> Signer:
        """The key that this ceremony made."""
        if self.signer is None:
            self.signer = self.keys.unlock(self.new_key.name)
        return self.signer

    def issuing_signer(self) -> Signer:
        """The issuing CA's key."""
        issuer = self.ceremony.plan.issuer
        if issuer is None:
            return self.new_signer()
        if self.signer is None:
            self.signer = self.keys.unlock(issuer.name, issuer.folder)
        return self.signer


@dataclass(kw_only=True, eq=False)
class CeremonyRefused(ZorgidError):
    """Something in the room is not as the plan says; nothing was made in this step."""

    code = "ceremony-refused"
