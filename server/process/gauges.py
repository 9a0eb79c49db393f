"""Values that are read when Prometheus asks, so that what stands still shows as it is."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from crl.follower import CrlFollower
from crl.plan import Present
from ocsp.renewal import CredentialChoice
from ocsp.responder import OcspResponder
from pki.der.certificate import read_certificate
from pki.domain.records import PublishedCrl
from pki.keys.pkcs11.loaded import loaded_modules
from pki.store.tail import JournalTail
from pki.telemetry.metrics import Reading
from server.roles.keys import read_certificate_file
from server.settings import Settings
from server.status_listener import StatusListener

if TYPE_CHECKING:
    # A status node, which has these gauges too, loads nothing that publishes.
    from issuance.endings.runner import EndingRunner
    from issuance.http.entrance import Entrance
    from ldap_publish.follower import LdapStatistics


class StoreGauges:
    """How long ago the store was last read."""

    def __init__(self, tail: JournalTail) -> None:
        self._tail = tail

    def readings(self) -> Iterator[Reading]:
        """The age; absent before the first contact."""
        age = time.monotonic() - self._tail.last_contact
        if math.isfinite(age):
            labels = {"role": "reader"}
            yield Reading(name="zorgid_store_contact_age_seconds", value=age, labels=labels)


class CaGauges:
    """When the CA certificates end, and that of the evidence key."""

    def __init__(self, settings: Settings) -> None:
        self._ends = {
            each.id: read_certificate(read_certificate_file(each.certificate)).content.not_after
            for each in settings.published
        }
        evidence = settings.evidence
        self._evidence = (
            None
            if evidence is None
            else read_certificate(read_certificate_file(evidence.certificate)).content.not_after
        )

    def readings(self) -> Iterator[Reading]:
        """NotAfter of each."""
        if self._evidence is not None:
            name = "zorgid_evidence_certificate_expiry_timestamp_seconds"
            yield Reading(name=name, value=self._evidence.timestamp())
        for issuer, end in self._ends.items():
            yield Reading(
                name="zorgid_ca_certificate_expiry_timestamp_seconds",
                value=end.timestamp(),
                labels={"issuer": issuer},
            )


class HsmGauges:
    """What was counted of the PKCS#11 modules of this process; none without keys in a token."""

    def readings(self) -> Iterator[Reading]:
        """Calls, losses and what waits, for each module."""
        for module in loaded_modules():
            labels = {"module": module.name}
            counted = module.statistics
            values = {
                "zorgid_hsm_signatures_total": counted.signatures,
                "zorgid_hsm_logins_total": counted.logins,
                "zorgid_hsm_restarts_total": counted.restarts,
                "zorgid_hsm_pending": module.pending,
            }
            for name, value in values.items():
                yield Reading(name=name, value=value, labels=labels)
            for error, count in dict(counted.errors).items():
                yield Reading(
                    name="zorgid_hsm_errors_total", value=count, labels={**labels, "error": error}
                )


class CrlGauges:
    """The CRLs published last: those built here, and those of ceremonies."""

    def __init__(
        self,
        followers: Callable[[], Sequence[CrlFollower]],
        ceremonies: Mapping[str, PublishedCrl],
    ) -> None:
        self._followers = followers
        self._ceremonies = ceremonies

    def readings(self) -> Iterator[Reading]:
        """Their times and sizes; of those built here also what was counted, and if one is late."""
        for name, crl in self._ceremonies.items():
            yield from _crl_readings(name, Present.of(crl, len(crl.der)))
        for each in self._followers():
            name = each.list_id.value
            if each.latest is not None:
                yield from _crl_readings(name, each.latest)
            values = {
                "zorgid_crl_late": float(each.overdue()),
                "zorgid_crl_publications_total": each.statistics.published,
                "zorgid_crl_failures_total": each.statistics.failures,
            }
            broken, severity = each.statistics.findings, {"severity": "error"}
            yield Reading(name="zorgid_lint_findings_total", value=broken, labels=severity)
            for metric, value in values.items():
                yield Reading(name=metric, value=value, labels={"issuer": name})


def _crl_readings(name: str, crl: Present) -> Iterator[Reading]:
    values = {
        "zorgid_crl_this_update_timestamp_seconds": crl.this_update.timestamp(),
        "zorgid_crl_next_update_timestamp_seconds": crl.next_update.timestamp(),
        "zorgid_crl_size_bytes": crl.octets,
        "zorgid_crl_entries": crl.entries,
    }
    for metric, value in values.items():
        yield Reading(name=metric, value=value, labels={"issuer": name})


class HoldGauges:
    """Cards that are blocked for longer than `limits.hold_days`."""

    def __init__(self, endings: "EndingRunner") -> None:
        self._endings = endings

    def readings(self) -> Iterator[Reading]:
        """How many, when it was last looked at."""
        yield Reading(name="zorgid_cards_held_too_long", value=self._endings.held)


class OcspGauges:
    """What the responder counted, and its certificates' ends."""

    def __init__(self, responder: OcspResponder, holders: Iterable[CredentialChoice]) -> None:
        self._responder = responder
        self._holders = tuple(holders)

    def readings(self) -> Iterator[Reading]:
        """Cache, answers and errors."""
        counted = self._responder.statistics
        yield Reading(name="zorgid_ocsp_cache_entries", value=self._responder.cached)
        yield Reading(name="zorgid_ocsp_signed_early", value=self._responder.signed_early)
        for (kind, source), value in counted.answers().items():
            labels = {**kind._asdict(), "cache": source}
            yield Reading(name="zorgid_ocsp_responses_total", value=value, labels=labels)
        for error, value in dict(counted.errors).items():
            yield Reading(name="zorgid_ocsp_errors_total", value=value, labels={"error": error})
        signed = {"key": "ocsp-responder", "purpose": "ocsp"}
        yield Reading(name="zorgid_signatures_total", value=counted.signed, labels=signed)
        for holder in self._holders:
            if holder.not_after is not None:
                yield Reading(
                    name="zorgid_ocsp_responder_expiry_timestamp_seconds",
                    value=holder.not_after.timestamp(),
                    labels={"issuer": holder.issuer.value},
                )


class ListenerGauges:
    """Connections to the status listener, and the answers that it had to ask for."""

    def __init__(self, listener: StatusListener) -> None:
        self._counted = listener.statistics

    def readings(self) -> Iterator[Reading]:
        """All since the start, and what is open now."""
        counted = self._counted
        yield Reading(name="zorgid_status_connections_open", value=counted.open)
        for name, outcome, value in (
            ("zorgid_status_connections_total", "opened", counted.opened),
            ("zorgid_status_connections_total", "turned_away", counted.turned_away),
            ("zorgid_status_answers_total", "answered", counted.answered),
            ("zorgid_status_answers_total", "failed", counted.failed),
        ):
            yield Reading(name=name, value=value, labels={"outcome": outcome})


class EntranceGauges:
    """Connections to the API."""

    def __init__(self, entrance: "Entrance") -> None:
        self._counted = entrance.counts

    def readings(self) -> Iterator[Reading]:
        """All since the start, and what is open now."""
        counted = self._counted
        yield Reading(name="zorgid_api_connections_open", value=counted.open)
        for outcome, value in (("opened", counted.opened), ("turned_away", counted.turned_away)):
            labels = {"outcome": outcome}
            yield Reading(name="zorgid_api_connections_total", value=value, labels=labels)


class _Directory(Protocol):
    @property
    def replica(self) -> str: ...

    def statistics(self) -> "LdapStatistics": ...


class LdapGauges:
    """How far each directory is behind."""

    def __init__(
        self, followers: Callable[[], Sequence[_Directory]], newest: Callable[[], int]
    ) -> None:
        """``newest`` tells the position of the journal's newest entry."""
        self._followers = followers
        self._newest = newest

    def readings(self) -> Iterator[Reading]:
        """Position, age of what waits, what was set aside, and how it went so far."""
        for follower in self._followers():
            found = follower.statistics()
            labels = {"replica": follower.replica or "directory"}
            for name, value in (
                ("zorgid_ldap_outbox_pending", max(0, self._newest() - found.position)),
                ("zorgid_ldap_outbox_oldest_seconds", found.lag_seconds),
                ("zorgid_ldap_connected", int(found.connected)),
                ("zorgid_ldap_set_aside", len(found.set_aside)),
                ("zorgid_ldap_changes_total", found.changes),
                ("zorgid_ldap_failures_total", found.failures),
            ):
                yield Reading(name=name, value=value, labels=labels)
            place = {"follower": f"ldap:{follower.replica}" if follower.replica else "ldap"}
            yield Reading(name="zorgid_follower_position", value=found.position, labels=place)
