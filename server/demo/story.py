"""The story: what happens in which order, and what is left when it has been told."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from pki.ports import SystemEntropy
from server.demo.changing import (
    ZORGVERLENER_MESSAGE,
    follow_changes,
    refuse_zorgverlener,
    show_never_issued,
)
from server.demo.making import make_cards, register_organisation, show_card
from server.demo.readers.making import make_card_in_readers
from server.demo.scene import Play, make_files, raise_curtain
from server.demo.stage import choose_ports, own_pid
from server.demo.telling.narrator import Narrator
from server.demo.telling.tools import Tools
from server.files import replace_file

DEMO_FILE: Final = "demo.json"


@asynccontextmanager
async def playing(
    directory: Path, narrator: Narrator, port_base: int | None
) -> AsyncIterator[Play]:
    """Steps 1 and 2: make everything and start it; all of it ends with the block.

    Raises:
        Conflict: a port that was asked for is taken.
        DemoFailed: a step did not come out as it should.
    """
    ports = choose_ports(port_base, SystemEntropy())
    tools = Tools(directory=directory, narrator=narrator)
    narrator.title("title")
    narrator.say("intro")
    narrator.step(1, "step_authorities")
    register = await make_files(directory, ports, narrator)
    narrator.say("commands_there")
    narrator.command(["cd", str(directory)])
    await _show_authorities(tools)
    narrator.step(2, "step_server")
    narrator.say("server_starts")
    narrator.command([*program(), "serve", "--config", "zorgid.toml"])
    async with raise_curtain(directory, register, ports, tools) as scene:
        narrator.good("server_ready", pid=scene.server.pid)
        narrator.places(
            [
                ("API", scene.api),
                ("OCSP", scene.addresses.ocsp),
                ("CRL", scene.addresses.crl_token),
                ("LDAP", f"{scene.addresses.ldap}  {scene.addresses.ldap_base}"),
            ]
        )
        yield Play(directory=directory, narrator=narrator, tools=tools, scene=scene)


async def tell(play: Play) -> dict[str, Any]:
    """Steps 3 to 5, and what stands in `demo.json` when they are done.

    Raises:
        DemoFailed: a step did not come out as it should.
    """
    await register_organisation(play)
    await make_cards(play)
    await show_card(play)
    await make_card_in_readers(play)
    await follow_changes(play)
    await refuse_zorgverlener(play)
    stranger = await show_never_issued(play)
    await _verify_journal(play)
    return await _interface(play, stranger)


def outcome(play: Play, interface: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What `--json` gives."""
    delays = {
        change: {view: round(delay, 3) for view, delay in row.items()}
        for change, row in play.delays.items()
    }
    return {
        "seconds": round(seconds, 1),
        "directory": str(play.directory),
        "steps": play.narrator.steps,
        "delays_seconds": delays,
        "zorgverlener_message": ZORGVERLENER_MESSAGE,
        "demo": interface,
        "commands": play.tools.commands,
    }


def tell_end(play: Play, seconds: float, *, kept: bool, hold: bool) -> None:
    """What exists where, and what the reader can do next."""
    narrator, scene = play.narrator, play.scene
    narrator.step(6, "step_end")
    narrator.places(
        [
            (narrator.texts("place_config"), "zorgid.toml"),
            (narrator.texts("place_ca"), "ca/"),
            (narrator.texts("place_cards"), "cards/"),
            (narrator.texts("place_operators"), "operators/"),
            (narrator.texts("place_uzi"), "uzi/"),
            (narrator.texts("place_store"), "store/zorgid.sqlite3"),
            (narrator.texts("place_log"), "server.log"),
            (narrator.texts("place_interface"), DEMO_FILE),
        ]
    )
    if kept:
        narrator.say("next_kept", directory=play.directory)
        config = str(scene.layout.config)
        serial = play.cards["good"].serial.hex
        for words in (["serve"], ["doctor"], ["cert", "show", serial], ["journal", "show"]):
            narrator.command([*program(), *words, "--config", config])
        narrator.say("next_register")
    elif not hold:
        narrator.say("next_temporary")
        narrator.command([*program(), "demo", "--dir", "zorgid-demo", "--hold"])
    narrator.say("told", seconds=f"{seconds:.1f}")


def program() -> list[str]:
    """How this program is called here."""
    installed = Path(sys.executable).with_name("zorgid")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "server.cli"]


async def _show_authorities(tools: Tools) -> None:
    narrator = tools.narrator
    verify = ("openssl", "verify", "-CAfile")
    for words in (
        (*verify, "ca/root.pem", "ca/token-ca-g1.pem"),
        (*verify, "uzi/root.pem", "-untrusted", "uzi/level2.pem", "uzi/medewerker_op_naam.pem"),
    ):
        ran = await tools.run(*words)
        narrator.output(ran.lines)
        narrator.expect(ran.code == 0, expected="OK", seen=ran.said)
    narrator.good("authorities_made")


async def _verify_journal(play: Play) -> None:
    narrator = play.narrator
    narrator.say("journal")
    ran = await play.tools.run(*program(), "journal", "verify", "--config", "zorgid.toml")
    narrator.output(ran.lines)
    narrator.expect(ran.code == 0, expected="a journal that verifies", seen=ran.said)
    narrator.good("journal_verifies")


async def _interface(play: Play, stranger: Path) -> dict[str, Any]:
    """The content of `demo.json`: absolute paths, full URLs."""
    scene, cards = play.scene, play.cards
    responder = play.directory / "ca" / "ocsp-responder.pem"
    certificate = await scene.outside.responder(cards["good"].certificate)
    replace_file(responder, certificate.public_bytes(Encoding.PEM))
    addresses = asdict(scene.addresses)
    named = ("ocsp", "crl_token", "crl_root", "ca_issuers", "ldap", "ldap_base")
    admin_certificate, admin_key = scene.layout.operator("administrator")
    files = {
        "api_ca": scene.settings.root[0].certificate,
        "admin_cert": admin_certificate,
        "admin_key": admin_key,
        "root": scene.settings.root[0].certificate,
        "token_ca": scene.settings.token_ca[0].certificate,
        "ocsp_responder": responder,
        "uzi_root": play.directory / "uzi" / "root.pem",
        "card_good": cards["good"].pem,
        "card_blocked": cards["blocked"].pem,
        "card_revoked": cards["revoked"].pem,
        "card_never_issued": stranger,
        "card_good_key": cards["good"].key,
        "card_revoked_key": cards["revoked"].key,
    }
    where = {name: addresses[name] for name in named}
    if play.card_chain is not None:
        files["card_chain"] = play.card_chain
    paths = {name: str(path) for name, path in files.items()}
    return {"version": 1, "pid": own_pid(), "api": scene.api, **where, **paths}
