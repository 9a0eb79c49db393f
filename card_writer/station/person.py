"""The person at the desk, by the page: each question of the dialogue is a screen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from card_writer.card_edge import PinCharacters, SecretKind, WrongSecret
from card_writer.flow.pins import PinFault
from card_writer.flow.steps import reader as on_reader
from card_writer.flow.steps import server as to_server
from card_writer.flow.steps.base import AtReader, Step
from card_writer.flow.stopped import Stopped
from card_writer.programs import words
from card_writer.programs.sentences import sentence_of
from card_writer.programs.terminal import read_date
from card_writer.programs.words import Language, Text
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from card_writer.station.stage import Entry, Screen, Stage, Words, said
from pki.api.wire import HolderView
from pki.domain.errors import Malformed, ZorgidError
from pki.domain.identifiers import CardNumber
from pki.domain.people import BirthDate

if TYPE_CHECKING:
    from card_writer.readers.watch import Slot

GO: Final = Text("Verder", "Continue")
STOP: Final = Text("Stoppen", "Stop")
YES: Final = Text("Ja, doorgaan", "Yes, go on")
WRITTEN: Final = Text("Ik heb de code opgeschreven", "I have written it down")
NOTED_TITLE: Final = Text("Uw PUK-code", "Your PUK")
NOTE_TEXT: Final = Text(
    "Schrijf deze code nu op en bewaar hem veilig. U heeft hem nodig als uw pincode geblokkeerd "
    "is. De code wordt eenmaal getoond en nergens bewaard.",
    "Write this code down now and keep it safe. You need it when your PIN is blocked. It is shown "
    "once and kept nowhere.",
)
_GO_OR_STOP: Final = (("go", said(GO)), ("stop", said(STOP)))
BUSY_TITLE: Final = Text("Een ogenblik", "One moment")
AT_READER_TITLE: Final = Text("Pincode op de kaartlezer", "PIN at the card reader")
_PICTURES: Final = {CardKind.UZI_PASS: "pass", CardKind.ZORG_ID: "card"}
_STEP_OF: Final[dict[type[Step[Any]], int]] = {
    on_reader.LookAtPass: 0,
    on_reader.OpenPass: 0,
    on_reader.OpenPassAtReader: 0,
    to_server.OpenSession: 0,
    on_reader.ReadCard: 1,
    on_reader.BeginOrder: 1,
    to_server.OrderCard: 1,
    on_reader.MakeRequest: 3,
    to_server.Certify: 3,
    on_reader.HandOver: 3,
    to_server.Confirm: 3,
}


@dataclass(slots=True, kw_only=True)
class PersonAtPage:
    """Asks on the stage. ``placed`` says whether a kind of card lies in its reader."""

    stage: Stage
    placed: "Callable[[CardKind, tuple[Slot, ...]], bool]"
    slots: "tuple[Slot, ...]" = ()
    awaited: CardKind | None = None

    def look(self, slots: "tuple[Slot, ...]") -> None:
        """Something changed in a reader: go on when it is what was waited for."""
        self.slots = slots
        kind = self.awaited
        if kind is not None and self.placed(kind, slots):
            self.stage.answer(self.stage.asked, {"button": "go"})

    async def put_in(self, kind: CardKind, *, again: bool) -> None:
        """Until the card is seen in its reader, or the person says so."""
        text = words.PUT_IN_AGAIN if again else words.PUT_IN[kind]
        if not again and self.placed(kind, self.slots):
            return
        screen = Screen(
            kind="ask",
            title=said(words.KINDS[kind]),
            text=said(text),
            picture=_PICTURES[kind],
            buttons=_GO_OR_STOP,
        )
        self.awaited = None if again else kind
        try:
            await self._asked(screen)
        finally:
            self.awaited = None

    async def pass_pin(self, tries_left: int | None, refused: WrongSecret | None) -> Secret:
        """The PIN of the pass."""
        return await self._secret(words.PASS_PIN, tries_left, refused, picture="pass")

    async def last_try(self, which: SecretKind, kind: CardKind) -> bool:
        """Yes or stop."""
        name = words.KEPT_BY[kind][which]

        def text(language: Language) -> str:
            return words.LAST_TRY.say(language, which=name.say(language))

        return await self._agreed(name.say, text, picture=_PICTURES[kind])

    async def birth_date(self, holder: HolderView) -> BirthDate:
        """Who the server sees; their birth date."""
        told = {"name": holder.common_name, "organisation": holder.organisation}
        message: Words | None = None
        while True:
            screen = Screen(
                kind="ask",
                title=said(words.BIRTH_DATE),
                text=said(words.HOLDER, **told),
                message=message,
                entries=(Entry(name="date", label=said(words.BIRTH_DATE), hidden=False),),
                buttons=_GO_OR_STOP,
                picture="pass",
            )
            try:
                return read_date((await self._asked(screen)).get("date", ""))
            except Malformed:
                message = said(words.BAD_DATE)

    async def card_number(self) -> CardNumber:
        """As it stands on the card."""
        message: Words | None = None
        while True:
            entry = Entry(name="number", label=said(words.CARD_NUMBER), hidden=False)
            screen = _question(said(words.CARD_NUMBER), (entry,), message)
            try:
                return CardNumber((await self._asked(screen)).get("number", "").strip().upper())
            except Malformed:
                message = said(words.BAD_NUMBER)

    async def choose_pin(self, characters: PinCharacters, fault: PinFault | None) -> Secret:
        """Twice the same."""
        self.stage.set_step(2)
        digits = characters is PinCharacters.DIGITS
        entries = (
            Entry(name="pin", label=said(words.CHOOSE_PIN[characters]), digits=digits),
            Entry(name="again", label=said(words.PIN_AGAIN), digits=digits),
        )
        message = None if fault is None else said(words.PIN_FAULTS[fault])
        while True:
            screen = _question(said(words.CHOOSE_PIN[characters]), entries, message)
            typed = await self._asked(screen)
            pin = _secret_of(typed, "pin")
            with _secret_of(typed, "again") as again:
                if pin.same_as(again):
                    return pin
            pin.wipe()
            message = said(words.PINS_DIFFER)

    async def note_puk(self, puk: Secret, *, mistaken: bool) -> Secret:
        """Shown on one screen, its end asked for on the next."""
        shown = puk.reveal().decode("ascii")
        note = Screen(
            kind="ask",
            title=said(NOTED_TITLE),
            text=said(NOTE_TEXT),
            message=said(words.PUK_MISTAKEN) if mistaken else None,
            code=lambda _: f"{shown[:4]} {shown[4:]}",
            buttons=(("go", said(WRITTEN)),),
            picture="paper",
        )
        await self._asked(note)
        entry = Entry(name="end", label=said(words.PUK_END), hidden=False, digits=True)
        typed = await self._asked(_question(said(NOTED_TITLE), (entry,), None))
        return _secret_of(typed, "end")

    async def recall(self, refused: WrongSecret | None) -> tuple[Secret, Secret]:
        """Both on one screen."""
        entries = (
            Entry(name="pin", label=said(words.CARD_SECRET[SecretKind.PIN])),
            Entry(name="puk", label=said(words.CARD_SECRET[SecretKind.PUK]), digits=True),
        )
        message = None if refused is None else _of(refused)
        screen = _question(said(words.KINDS[CardKind.ZORG_ID]), entries, message)
        typed = await self._asked(screen)
        return _secret_of(typed, "pin"), _secret_of(typed, "puk")

    async def card_secret(self, which: SecretKind, tries_left: int | None) -> Secret:
        """PIN or PUK."""
        return await self._secret(words.CARD_SECRET[which], tries_left, None, picture="card")

    async def go_on(self, error: ZorgidError) -> bool:
        """What happened; yes or stop."""
        return await self._agreed(said(words.GO_ON), _of(error))

    def doing(self, step: Step[Any]) -> None:
        """What takes a while, and how far it is."""
        if type(step) in _STEP_OF:
            self.stage.set_step(_STEP_OF[type(step)])
        told = words.announced(step)
        if told is not None:
            title = AT_READER_TITLE if isinstance(step, AtReader) else BUSY_TITLE
            picture = "pass" if _STEP_OF.get(type(step)) == 0 else "card"
            self.stage.show(Screen(kind="work", title=said(title), text=told, picture=picture))

    async def _secret(
        self, text: Text, left: int | None, refused: WrongSecret | None, *, picture: str
    ) -> Secret:
        def label(language: Language) -> str:
            tries = "" if left is None else words.TRIES_LEFT.say(language, left=left)
            return text.say(language) + tries

        entry = Entry(name="secret", label=label)
        message = None if refused is None else _of(refused)
        screen = _question(said(text), (entry,), message, picture)
        return _secret_of(await self._asked(screen), "secret")

    async def _agreed(self, title: Words, text: Words, *, picture: str = "card") -> bool:
        screen = Screen(
            kind="ask",
            title=title,
            text=text,
            picture=picture,
            buttons=(("yes", said(YES)), ("stop", said(STOP))),
        )
        return (await self.stage.ask(screen)).get("button") == "yes"

    async def _asked(self, screen: Screen) -> dict[str, str]:
        answer = await self.stage.ask(screen)
        if answer.get("button") == "stop":
            raise Stopped(message="stopped at the page", next_step="start again")
        return dict(answer)


def _question(
    title: Words, entries: tuple[Entry, ...], message: Words | None, picture: str = "card"
) -> Screen:
    return Screen(
        kind="ask",
        title=title,
        message=message,
        entries=entries,
        buttons=_GO_OR_STOP,
        picture=picture,
    )


def _of(error: ZorgidError) -> Words:
    return lambda language: sentence_of(error, language)


def _secret_of(values: dict[str, str], name: str) -> Secret:
    return Secret(bytearray(values.get(name, "").replace(" ", "").encode()))
