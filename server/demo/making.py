"""Steps 3 and 4: an organisation, three cards, and what foreign tools say of one of them."""

import asyncio
from functools import partial

from pki.api.wire import OperatorRequest, OrganisationRequest
from pki.domain.people import Role
from server.demo.cards import EMPLOYEES, ORGANISATION, URA, DemoCard
from server.demo.proofs import exact_match_filter
from server.demo.scene import Play
from server.demo.watching import Shown, addresses_in


async def register_organisation(play: Play) -> None:
    """The ZORG-ID team registers the organisation and its administrator."""
    narrator, scene = play.narrator, play.scene
    narrator.step(3, "step_card")
    administrator = OperatorRequest(
        role=Role.ADMINISTRATOR, ura=URA, certificate=scene.administrator_certificate()
    )
    async with scene.team() as team:
        organisation = OrganisationRequest(ura=URA, name=ORGANISATION)
        made = await team.register_organisation(organisation)
        await team.register_operator(administrator)
    narrator.good("organisation_registered", name=made.name, ura=made.ura)
    narrator.good("administrator_registered")


async def make_cards(play: Play) -> None:
    """One card in detail, stopping before its confirmation; then the others."""
    narrator, scene = play.narrator, play.scene
    first, *others = EMPLOYEES
    narrator.say("first_card", name=first.common_name)

    async def pause(card: DemoCard) -> None:
        await _before_confirmation(play, card)

    card = await scene.reception.make_card(first, pause)
    play.cards[first.label] = card
    play.delays["confirm"] = await _published(play, card)
    narrator.good("card_confirmed")
    play.tell_delays("confirm")
    await scene.proofs.ocsp_post(card.pem, Shown.GOOD)
    async with asyncio.TaskGroup() as group:
        making = [group.create_task(scene.reception.make_card(each)) for each in others]
    for task in making:
        made = task.result()
        play.cards[made.holder.label] = made
        await _published(play, made)
        narrator.good("other_card", name=made.holder.common_name)


async def show_card(play: Play) -> None:
    """Chain, OCSP, CRL, directory and name of the good card, each by a foreign tool."""
    narrator, scene = play.narrator, play.scene
    card, proofs = play.cards["good"], scene.proofs
    narrator.step(4, "step_tools")
    wanted, named = scene.addresses.in_card, addresses_in(card.certificate)
    narrator.expect(named == wanted, expected=f"a card that names {wanted}", seen=str(named))
    narrator.say("show_chain")
    await proofs.chain(card.pem)
    narrator.say("show_ocsp")
    await proofs.ocsp_post(card.pem, Shown.GOOD, "sha1")
    await proofs.ocsp_post(card.pem, Shown.GOOD, "sha256")
    await proofs.ocsp_get(card.pem, Shown.GOOD)
    narrator.say("show_crl")
    await proofs.crl(card.certificate.serial_number, Shown.GOOD)
    narrator.say("show_directory")
    await proofs.directory(exact_match_filter(card.certificate), card.certificate)
    await proofs.directory(f"(serialNumber={card.holder.uzi_number})", card.certificate)
    narrator.say("show_name")
    name = card.holder.name_on_card(scene.settings.installation.oid_arc)
    await proofs.uzi_name(card.pem, name.text, name.upn)
    narrator.good("tools_agree")


async def _before_confirmation(play: Play, card: DemoCard) -> None:
    narrator, proofs = play.narrator, play.scene.proofs
    narrator.good("card_certified", serial=card.serial.hex)
    narrator.say("before_confirmation")
    await proofs.ocsp_post(card.pem, Shown.ON_HOLD)
    await proofs.crl(card.certificate.serial_number, Shown.GOOD)
    await proofs.not_in_directory(card.certificate)
    narrator.good("held_until_confirmed")


async def _published(play: Play, card: DemoCard) -> dict[str, float]:
    """Seconds from now until OCSP says good and the directory has the certificate."""
    outside, certificate = play.scene.outside, card.certificate
    async with asyncio.TaskGroup() as group:
        good = group.create_task(
            outside.until("OCSP", partial(outside.ocsp, certificate), Shown.GOOD)
        )
        there = group.create_task(
            outside.until("LDAP", partial(outside.is_published, certificate), wanted=True)
        )
    return {"OCSP": good.result(), "LDAP": there.result()}
