"""The steps of each kind of ceremony, in order: what the script prints and the run performs."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ca.ceremony.plan import KeyPlace, Plan, PlanKind


class Action(Enum):
    """What is done in a step."""

    PEOPLE = "people"
    CLOCK = "clock"
    WORDS = "words"
    BEFORE = "inventory-before"
    REHEARSAL = "rehearsal"
    KEY = "key"
    REQUEST = "request"
    ROOT = "root-certificate"
    CERTIFICATE = "certificate"
    CRL = "crl"
    PROVE = "prove-keys"
    BACKUP = "hsm-backup"
    RESTORE = "hsm-restore"
    DESTROY = "destroy"
    AFTER = "inventory-after"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: ``does`` are sentences to be ticked, ``fields`` lines to be filled in on paper."""

    number: int
    action: Action
    title: str
    minutes: int
    does: tuple[str, ...]
    fields: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """How the transcript calls it."""
        return self.action.value


_OPENING: Final = (Action.PEOPLE, Action.CLOCK, Action.WORDS, Action.BEFORE)
_ENDING: Final = (Action.AFTER, Action.CLOSE)
_MIDDLE: Final = {
    PlanKind.ROOT: (Action.REHEARSAL, Action.KEY, Action.ROOT, Action.CRL),
    PlanKind.KEY: (Action.REHEARSAL, Action.KEY, Action.REQUEST),
    PlanKind.CERTIFICATE: (Action.REHEARSAL, Action.CERTIFICATE),
    PlanKind.LINK: (Action.REHEARSAL, Action.CERTIFICATE),
    PlanKind.CRL: (Action.REHEARSAL, Action.CRL),
    PlanKind.BACKUP: (Action.PROVE, Action.BACKUP),
    PlanKind.RESTORE: (Action.RESTORE, Action.PROVE),
    PlanKind.DESTRUCTION: (Action.DESTROY,),
}
_TITLES: Final = {
    Action.PEOPLE: ("Who is present", 5),
    Action.CLOCK: ("Compare the clock", 3),
    Action.WORDS: ("Confirm the plan by its words", 10),
    Action.BEFORE: ("Inventory before", 3),
    Action.REHEARSAL: ("Rehearse with a throw-away key", 5),
    Action.KEY: ("Make the key", 30),
    Action.REQUEST: ("Make the certification request", 5),
    Action.ROOT: ("Sign the root's own certificate", 10),
    Action.CERTIFICATE: ("Sign the certificate", 15),
    Action.CRL: ("Sign the revocation list", 15),
    Action.PROVE: ("Prove the keys in the token", 5),
    Action.BACKUP: ("Make the backup", 45),
    Action.RESTORE: ("Restore the backup", 45),
    Action.DESTROY: ("Destroy the key", 10),
    Action.AFTER: ("Inventory after", 3),
    Action.CLOSE: ("Witnesses sign the transcript", 15),
}
_DOES: Final = {
    Action.PEOPLE: (
        "Each operator and witness shows proof of identity to the others.",
        "Absent witnesses are answered with Nee; at least as many as the plan asks for are there.",
    ),
    Action.CLOCK: ("The time in UTC is read from a clock that is not this computer's and typed.",),
    Action.WORDS: (
        "One operator reads the words from the screen, the other follows them on page 1.",
        "Both type Ja when every word was the same.",
    ),
    Action.BEFORE: ("The inventory on the screen holds nothing that nobody expects.",),
    Action.REHEARSAL: (
        "The fields on the screen are those that were reviewed.",
        "The lint has no findings.",
    ),
    Action.KEY: ("Both operators type Ja.",),
    Action.REQUEST: ("The digest on the screen is written below: the next plan names it.",),
    Action.ROOT: ("Both operators type Ja after reading the fields.",),
    Action.CERTIFICATE: ("Both operators type Ja after reading the fields.",),
    Action.CRL: ("Both operators type Ja after reading the fields.",),
    Action.PROVE: (
        "Every key of the plan is in the token, cannot leave it, and has the plan's public half.",
        "Each signs a challenge of this ceremony; the signature is verified.",
    ),
    Action.BACKUP: (
        "Both operators make the backup with the HSM's own tool, as its manual says.",
        "The path of each file is typed in, the serial number of each device.",
        "Each medium goes into an envelope of its own; the number of its seal is typed in.",
        "The holder takes it and types Ja.",
    ),
    Action.RESTORE: (
        "Each holder shows the unbroken seal; its number is typed in.",
        "The digest of each file is that of the plan.",
        "Both operators restore with the HSM's own tool, as its manual says, and type Ja.",
    ),
    Action.DESTROY: (
        "Every copy of the key file, and every paper with shares of it, lies on the table.",
        "Both operators type Ja; the copies and papers are destroyed.",
    ),
    Action.AFTER: ("The difference with the inventory before is what this plan makes.",),
    Action.CLOSE: (
        "Each witness reads the first eight words of the transcript's digest aloud.",
        "Each witness signs with a key of their own.",
    ),
}
_FIELDS: Final = {
    Action.PEOPLE: ("Place", "Computer (inventory number)"),
    Action.CLOCK: ("Other clock", "Its reading (UTC)"),
    Action.REQUEST: ("SHA-256 of the request, first eight characters",),
    Action.ROOT: ("SHA-256 of the certificate, first eight characters",),
    Action.CERTIFICATE: ("SHA-256 of the certificate, first eight characters",),
    Action.CRL: ("SHA-256 of the CRL, first eight characters",),
    Action.BACKUP: ("Tool and version", "Numbers of the seals"),
    Action.RESTORE: ("Tool and version", "Numbers of the seals"),
    Action.CLOSE: ("First word of the transcript's digest",),
}
_SHARES: Final = (
    "Only the holder who is called looks at the screen and writes the words down.",
    "The holder types them in again from paper; the paper goes into an envelope of its own.",
)
_UNLOCK: Final = ("As many share holders as the key needs type in their words, one at a time.",)
_LOG_IN: Final = ("The token's PIN is typed once; a wrong one is not tried again by itself.",)
_LOG_IN_NOW: Final = ("If the token was not there before, its PIN is typed now, once.",)
_AT_TOKEN: Final[dict[tuple[PlanKind | None, Action], tuple[str, ...]]] = {
    (None, Action.BEFORE): _LOG_IN,
    (PlanKind.RESTORE, Action.PROVE): _LOG_IN_NOW,
}
_USES_KEY: Final = frozenset({Action.CERTIFICATE, Action.CRL})


def steps_of(plan: Plan) -> tuple[Step, ...]:
    """Every step of this plan, numbered from 1."""
    actions = (*_OPENING, *_MIDDLE[plan.kind], *_ENDING)
    return tuple(_step(number, action, plan) for number, action in enumerate(actions, 1))


def _step(number: int, action: Action, plan: Plan) -> Step:
    title, minutes = _TITLES[action]
    does = _DOES[action]
    if plan.keys is KeyPlace.PKCS11:
        more = _AT_TOKEN.get((plan.kind, action)) or _AT_TOKEN.get((None, action), ())
        does = (*more, *does)
    elif action is Action.KEY:
        does = (*does, *_SHARES)
    elif action in _USES_KEY and plan.issuer is not None:
        does = (*_UNLOCK, *does)
    return Step(
        number=number,
        action=action,
        title=title,
        minutes=minutes,
        does=does,
        fields=_FIELDS.get(action, ()),
    )
