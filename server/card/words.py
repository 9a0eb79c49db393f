"""`zorgid card`: what is at the desk."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.options import Commands, Json

if TYPE_CHECKING:
    from server.report import Report

card = typer.Typer(
    cls=Commands,
    help="At the desk: make ZORG-ID cards from UZI passes, and look after them.",
    no_args_is_help=True,
)

_Config = Annotated[
    Path, typer.Option("--config", "-c", help="The desk's file.", envvar="ZORGID_CARD_CONFIG")
]
_Number = Annotated[
    str | None, typer.Option("--card-number", help="As printed; asked for where it is needed.")
]
_DEFAULT = Path("zorgid-card.toml")


@card.command("readers")
def readers(*, config: _Config = _DEFAULT, json: Json = False) -> int:
    """Show the card readers and what lies in them."""
    from server.card.commands import show_readers

    return _answer(lambda: show_readers(config), as_json=json)


@card.command("status")
def status(*, config: _Config = _DEFAULT, json: Json = False) -> int:
    """Show the card: its state, tries left, and until when it can be used; asks no PIN."""
    from server.card.commands import show_status

    return _answer(lambda: show_status(config), as_json=json)


@card.command("create")
def create(
    *,
    card_number: _Number = None,
    config: _Config = _DEFAULT,
    json: Json = False,
) -> int:
    """Make a card with a UZI pass; goes on with one that was begun."""
    from server.card.commands import create_card

    return _answer(lambda: create_card(config, card_number), as_json=json)


@card.command("resume")
def resume(
    *,
    card_number: _Number = None,
    config: _Config = _DEFAULT,
    json: Json = False,
) -> int:
    """Go on with a card that was begun; a blank one is left as it is."""
    from server.card.commands import create_card

    return _answer(lambda: create_card(config, card_number, begun_only=True), as_json=json)


@card.command("change-pin")
def change_pin(*, config: _Config = _DEFAULT, json: Json = False) -> int:
    """Replace the card's PIN."""
    from server.card.commands import change_pin

    return _answer(lambda: change_pin(config), as_json=json)


@card.command("unblock-pin")
def unblock_pin(*, config: _Config = _DEFAULT, json: Json = False) -> int:
    """Set a new PIN with the PUK."""
    from server.card.commands import unblock_pin

    return _answer(lambda: unblock_pin(config), as_json=json)


@card.command("test")
def examine(*, config: _Config = _DEFAULT, json: Json = False) -> int:
    """Let the card sign, and check its chain and its status at OCSP."""
    from server.card.commands import test_card

    return _answer(lambda: test_card(config), as_json=json)


@card.command("wipe")
def wipe(*, config: _Config = _DEFAULT, json: Json = False) -> int:
    """Make a card blank whose certificate is revoked."""
    from server.card.commands import wipe_card

    return _answer(lambda: wipe_card(config), as_json=json)


@card.command("station")
def station(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    browse: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    config: _Config = _DEFAULT,
) -> int:
    """Lead through all of it on a page of this computer; its address is printed."""
    from server.card.station import run_station

    return _answer(lambda: run_station(config, port, browse=browse), as_json=False)


def _answer(command: Callable[[], "Report"], *, as_json: bool) -> int:
    from server.report import run_report

    return run_report(command, as_json=as_json)
