"""A change's receipt: what OCSP, CRL and directory showed, by the digests that a stranger sees."""

import asyncio
import hashlib
import re
from functools import partial

import pytest

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import fetched, until
from pki.api.client import IssuanceClient
from pki.api.receipts import ChangeReceiptView
from pki.api.wire import BlockRequest
from pki.domain.reasons import BlockReason
from server.initialise import ADMINISTRATOR

pytestmark = [pytest.mark.slapd, pytest.mark.slow]

SINKS = ["crl", "ldap", "ocsp"]


async def shown(client: IssuanceClient, position: int) -> ChangeReceiptView:
    """The receipt, once every sink shows the change."""
    async with asyncio.timeout(60):
        while True:
            found = await client.change(position)
            if [each.sink for each in found.shown if each.shown_at is not None] == SINKS:
                return found
            await asyncio.sleep(0.05)


MEASURED = (
    r'zorgid_signatures_total\{key="token-ca-g1",purpose="certificate"\}',
    r'zorgid_signatures_total\{key="token-ca-g1",purpose="crl"\}',
    r'zorgid_signatures_total\{key="ocsp-responder",purpose="ocsp"\}',
    r'zorgid_signatures_total\{key="evidence",purpose="evidence"\}',
    r'zorgid_sign_duration_seconds_count\{key="token-ca-g1"\}',
    "zorgid_ocsp_duration_seconds_count",
    r'zorgid_status_connections_total\{outcome="opened"\}',
)


WANTED = (
    *(f"{line} [1-9]" for line in MEASURED),
    *(rf'zorgid_change_shown_seconds_count\{{sink="{sink}"\}}' for sink in SINKS),
    *(rf'zorgid_changes_awaited\{{sink="{sink}"\}} 0.0' for sink in SINKS),
    *(rf'zorgid_changes_awaited_oldest_seconds\{{sink="{sink}"\}} 0.0' for sink in SINKS),
    r'zorgid_ldap_outbox_pending\{replica="directory"\} 0.0',
    r'zorgid_certificates_expiring\{within_days="30"\} 0.0',
    r'zorgid_lint_findings_total\{severity="error"\} 0.0',
)


def told(practice: Practice) -> str:
    return fetched(f"http://127.0.0.1:{practice.metrics_port}/metrics").decode()


def missing(practice: Practice) -> list[str]:
    """What is not told yet: a sink is counted a moment after its receipt can be read."""
    metrics = told(practice)
    return [each for each in WANTED if not re.search(f"^{each}", metrics, re.MULTILINE)]


async def test_every_sink_is_seen_from_outside(practice: Practice, nursery: Nursery) -> None:
    practice.change(('mode = "off"', 'mode = "private"'))
    with nursery.serving(practice):
        made = await practice.make_card(employee(1))
        async with practice.client(ADMINISTRATOR) as administrator:
            block = BlockRequest(reason=BlockReason.LOSS)
            held = await administrator.block(made.card.card_id, block)
            receipt = await shown(administrator, held.change.position)
            crl = fetched(f"{practice.base_url}/crl/zorg-id-token-ca.crl")
            digests = {each.sink: each.sha256 for each in receipt.shown}
            assert digests["crl"] == digests["ldap"] == hashlib.sha256(crl).hexdigest()
            assert len(digests["ocsp"] or "") == 64
            assert receipt.change == held.change
            assert (receipt.kind, receipt.card_id) == ("card.blocked", made.card.card_id)
            assert all(
                each.shown_at is not None and each.shown_at >= held.change.at
                for each in receipt.shown
            )
            lifted = await administrator.unblock(made.card.card_id)
            again = await shown(administrator, lifted.change.position)
            of_directory = next(each for each in again.shown if each.sink == "ldap")
            assert of_directory.sha256 == hashlib.sha256(made.certificate).hexdigest()
        untold = partial(missing, practice)
        await asyncio.to_thread(until, lambda: not untold(), "all is told", lambda: str(untold()))
        assert "zorgid_signature_errors_total{" not in told(practice)
