"""Step 5: blocked, unblocked, revoked, refused, never issued; and how soon the world knows."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.api.wire import BlockRequest, CardChangedView, RevokeRequest
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason
from pki.ports import SystemEntropy
from server.demo.cards import DOCTOR, DemoCard, never_issued
from server.demo.scene import VIEWS, Play, milliseconds
from server.demo.watching import Shown
from server.files import replace_file

ZORGVERLENER_MESSAGE: Final = (
    "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder."
)
"""The literal sentence of the screen that care workers know."""
_LOSS: Final = BlockRequest(reason=BlockReason.LOSS)
_THEFT: Final = RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT)
_INCIDENT: Final = BlockRequest(reason=BlockReason.SECURITY_INCIDENT)


async def follow_changes(play: Play) -> None:
    """Block, unblock, block and revoke one card, and block another; each seen from outside."""
    narrator, scene = play.narrator, play.scene
    card, other = play.cards["revoked"], play.cards["blocked"]
    narrator.step(5, "step_changes")
    narrator.say("how_measured")
    async with scene.administrator() as operator:
        await _block_and_unblock(play, operator, card)
        await _revoke(play, operator, card)
        await operator.block(other.card_id, _INCIDENT)
    await scene.outside.delays(other.certificate, Shown.ON_HOLD)
    narrator.good("other_blocked", name=other.holder.common_name)
    narrator.say("all_delays")
    narrator.table(_delay_rows(play))


async def refuse_zorgverlener(play: Play) -> None:
    """A Zorgverlener pass, in order in every other way, is refused with the known sentence."""
    narrator = play.narrator
    narrator.say("zorgverlener", name=DOCTOR.common_name)
    try:
        await play.scene.reception.make_card(DOCTOR)
    except ProblemAnswered as refused:
        narrator.quote(refused.problem.detail)
        exact = refused.problem.detail == ZORGVERLENER_MESSAGE
        narrator.expect(
            exact and refused.reason is RefusalReason.PASS_IS_ZORGVERLENER,
            expected=ZORGVERLENER_MESSAGE,
            seen=f"{refused.reason}: {refused.problem.detail}",
        )
    else:
        raise narrator.failed("a refusal", "a card for a Zorgverlener")
    narrator.good("zorgverlener_refused")


async def show_never_issued(play: Play) -> Path:
    """A certificate that the CA's key signed and the store does not know is never good."""
    narrator, scene = play.narrator, play.scene
    narrator.say("never_issued")
    key = scene.settings.token_ca[0].key
    key_files = None if key is None else key.software
    if key_files is None:
        raise narrator.failed("a Token CA key in a file", "none in the configuration")
    like = play.cards["good"].certificate
    certificate = await asyncio.to_thread(
        never_issued, like, scene.issuer, key_files, SystemEntropy()
    )
    pem = play.directory / "cards" / "never-issued.pem"
    replace_file(pem, certificate.public_bytes(Encoding.PEM))
    await scene.proofs.chain(pem, online=False)
    await scene.proofs.ocsp_post(pem, Shown.UNKNOWN)
    await scene.proofs.ocsp_get(pem, Shown.UNKNOWN)
    narrator.good("never_good")
    return pem


async def _block_and_unblock(play: Play, operator: IssuanceClient, card: DemoCard) -> None:
    proofs, serial = play.scene.proofs, card.certificate.serial_number
    await _change(play, "block", operator.block(card.card_id, _LOSS), Shown.ON_HOLD)
    await proofs.ocsp_post(card.pem, Shown.ON_HOLD)
    await proofs.crl(serial, Shown.ON_HOLD)
    await _change(play, "unblock", operator.unblock(card.card_id), Shown.GOOD)
    await proofs.ocsp_get(card.pem, Shown.GOOD)
    await proofs.crl(serial, Shown.GOOD)


async def _revoke(play: Play, operator: IssuanceClient, card: DemoCard) -> None:
    narrator, proofs = play.narrator, play.scene.proofs
    block = operator.block(card.card_id, _LOSS)
    blocked = await _change(play, "block_again", block, Shown.ON_HOLD)
    # Status services write whole seconds: the dates of block and revocation must be able to differ.
    await asyncio.sleep(1.1)
    revoke = operator.revoke(card.card_id, _THEFT)
    revoked = await _change(play, "revoke", revoke, Shown.REVOKED)
    kept = revoked.card.revoked_at == blocked.card.since
    narrator.expect(
        kept, expected=f"revoked since {blocked.card.since}", seen=str(revoked.card.revoked_at)
    )
    await proofs.ocsp_post(card.pem, Shown.REVOKED)
    await proofs.crl(card.certificate.serial_number, Shown.REVOKED)
    await proofs.chain(card.pem, refused=True)
    narrator.good("date_kept")


async def _change(
    play: Play, change: str, call: Awaitable[CardChangedView], wanted: Shown
) -> CardChangedView:
    """Let the operator do it, then see how soon each view shows it."""
    card = play.cards["revoked"]
    changed = await call
    play.delays[change] = await play.scene.outside.delays(card.certificate, wanted)
    play.narrator.good("changed", state=changed.card.state, position=changed.change.position)
    play.tell_delays(change)
    return changed


def _delay_rows(play: Play) -> list[list[str]]:
    texts = play.narrator.texts
    rows = [[texts("change"), *VIEWS]]
    for change, row in play.delays.items():
        shown = [milliseconds(row[view]) if view in row else "–" for view in VIEWS]
        rows.append([texts(change), *shown])
    return rows
