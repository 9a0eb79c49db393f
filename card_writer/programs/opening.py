"""From settings to readers: which driver, which reader, and whether a card lies there."""

# ruff: noqa: PLC0415 -- a driver loads its library when it is the one that is used

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from card_writer.card_edge import NoReader, PinCharacters
from card_writer.flow.ports import CardReader, PassReader
from card_writer.programs.settings import CardSettings, DeskSettings, PassSettings
from card_writer.programs.words import Language
from card_writer.readers.recognition import CardKind, recognise
from card_writer.secret import Secret
from card_writer.soft_token import SoftCard, SoftCardReader, SoftPass, SoftPassReader
from pki.domain.algorithms import KeyType
from pki.domain.errors import EnvironmentMissing
from pki.ports import Entropy

if TYPE_CHECKING:
    from card_writer.readers.watch import Slot

Value = TypeVar("Value")
_LANGIDS: Final[dict[Language, int]] = {"nl": 0x0413, "en": 0x0409}
"""Languages as readers with a display number them (LANGID)."""
_CHARACTERS: Final = {
    "digits": PinCharacters.DIGITS,
    "letters-and-digits": PinCharacters.PRINTABLE_ASCII,
}


def open_passes(settings: PassSettings, language: Language) -> PassReader:
    """Where UZI passes are read; ``language`` is what a reader with a display shows.

    Raises:
        EnvironmentMissing: PC/SC's library for Python is not installed.
        NoReader: no reader, or several and none is named.
    """
    match settings.driver:
        case "soft":
            return SoftPassReader(SoftPass(_given(settings.folder)))
        case "pkcs11":
            from card_writer.pkcs11.readers import TokenPassReader

            return TokenPassReader(path=_given(settings.module), reader=settings.reader)
        case "piv":
            from card_writer.piv.readers import PivPassReader

            return PivPassReader(
                reader=find_reader(settings.reader),
                aid=settings.application,
                pad_language=_pad_language(settings, language),
            )


def open_cards(settings: CardSettings, language: Language, entropy: Entropy) -> CardReader:
    """Where ZORG-ID cards are made; ``language`` as of passes.

    Raises:
        EnvironmentMissing: PC/SC's library for Python is not installed.
        NoReader: no reader, or several and none is named.
    """
    key_type = KeyType(settings.key)
    match settings.driver:
        case "soft":
            return SoftCardReader(SoftCard(_given(settings.folder), key_type))
        case "pkcs11":
            from card_writer.pkcs11.card import TokenSettings
            from card_writer.pkcs11.readers import TokenCardReader

            delivered = TokenSettings(
                label=settings.label, pin_characters=_CHARACTERS[settings.pin]
            )
            return TokenCardReader(
                path=_given(settings.module),
                reader=_given(settings.reader),
                settings=delivered,
                key_type=key_type,
            )
        case "piv":
            from card_writer.piv.readers import PivCardReader
            from card_writer.piv.rights import PivSettings

            master = settings.master_key
            allowed = PivSettings(
                pin_characters=_CHARACTERS[settings.pin],
                ask_vendor=settings.vendor_extensions,
                aid=settings.application,
                master=None if master is None else Secret(bytearray(master.read_bytes())),
            )
            return PivCardReader(
                reader=find_reader(settings.reader),
                settings=allowed,
                entropy=entropy,
                key_type=key_type,
                pad_language=_pad_language(settings, language),
            )


def find_reader(wanted: str | None) -> str:
    """The one reader whose name holds ``wanted``; the only one there is, without it.

    Raises:
        EnvironmentMissing: PC/SC's library for Python is not installed.
        NoReader: there is none, or there are several.
    """
    names = [slot.reader for slot in look()]
    exact = [name for name in names if name == wanted]
    found = exact or [name for name in names if wanted is None or wanted in name]
    if len(found) == 1:
        return found[0]
    what = "no card reader" if not found else "more than one card reader"
    raise NoReader(
        message=f"there is {what}" + ("" if wanted is None else f" named {wanted!r}"),
        next_step="zorgid card readers lists them; name one as reader in the configuration",
    )


def placed(settings: DeskSettings, kind: CardKind, slots: "tuple[Slot, ...]") -> bool:
    """Whether such a card is known to lie in its reader.

    By its answer to reset where both kinds share a reader or none is named; in a reader of its own
    any card is taken for one that is not known to be of the other kind.
    """
    asked = settings.uzi_pass if kind is CardKind.UZI_PASS else settings.card
    if asked.driver == "soft":
        return True
    wanted = asked.reader
    own = wanted is not None and settings.uzi_pass.reader != settings.card.reader
    fitting = {None, kind} if own else {kind}
    masks = (*settings.uzi_pass.masks, *settings.card.masks)
    return any(
        recognise(slot.atr, masks) in fitting
        for slot in slots
        if slot.has_card and (wanted is None or wanted in slot.reader)
    )


def lies_there(settings: DeskSettings) -> Callable[[CardKind], bool]:
    """Whether a kind of card lies in its reader at the moment of asking."""
    if settings.uzi_pass.driver == settings.card.driver == "soft":
        return lambda _: True
    return lambda kind: placed(settings, kind, look())


def look() -> "tuple[Slot, ...]":
    """All readers as they are now.

    Raises:
        EnvironmentMissing: PC/SC's library for Python is not installed.
        NoReader: the reader service does not run.
    """
    try:
        from card_writer.readers.watch import Watch
    except ImportError:
        raise EnvironmentMissing(
            message="pyscard, through which card readers are used, is not installed",
            next_step="install the extra: pip install 'zorgid-token-ca[card]'",
        ) from None
    watch = Watch()
    try:
        return watch.slots()
    finally:
        watch.close()


def _pad_language(settings: PassSettings | CardSettings, language: Language) -> int | None:
    return _LANGIDS[language] if settings.pin_pad else None


def _given(value: Value | None) -> Value:
    if value is None:
        raise AssertionError("the settings were checked")
    return value
