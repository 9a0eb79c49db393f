"""Every metric of this system: a closed list.

Names end in a base unit (`_seconds`, `_bytes`), `_total` for what only grows. No label holds
anything of a person or a card.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One metric: what it means, and which labels it always has; a histogram's bounds."""

    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


def _metric(text: str, *labels: str) -> Definition:
    return Definition(help=text, labels=labels)


def _spread(text: str, bounds: tuple[float, ...], *labels: str) -> Definition:
    return Definition(help=text, labels=labels, bounds=bounds)


_WORK: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
_VIEWS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)


COUNTERS: Final[Mapping[str, Definition]] = {
    "zorgid_certificates_issued_total": _metric("Certificates issued.", "profile"),
    "zorgid_certificates_revoked_total": _metric("Certificates revoked or on hold.", "reason"),
    "zorgid_refusals_total": _metric("Requests that a rule of the RA refused.", "reason"),
    "zorgid_lint_findings_total": _metric("Rules broken by what was to be signed.", "severity"),
    "zorgid_signatures_total": _metric("Signatures made.", "key", "purpose"),
    "zorgid_signature_errors_total": _metric("Signatures failed or withheld.", "key", "error"),
    "zorgid_hsm_signatures_total": _metric("Signatures made in a token.", "module"),
    "zorgid_hsm_errors_total": _metric("What calls into a token came to.", "module", "error"),
    "zorgid_hsm_logins_total": _metric("Log-ins at tokens; more than one is a loss.", "module"),
    "zorgid_hsm_restarts_total": _metric("Times a module was initialised anew.", "module"),
    "zorgid_ocsp_responses_total": _metric(
        "OCSP answers, each by the first certificate it is about, and where it came from.",
        *("status", "hash", "method", "cache"),
    ),
    "zorgid_ocsp_errors_total": _metric("Unsigned negative OCSP answers.", "error"),
    "zorgid_status_connections_total": _metric("Connections to the listener.", "outcome"),
    "zorgid_api_connections_total": _metric("Connections to the API.", "outcome"),
    "zorgid_status_answers_total": _metric("Answers that were not ready.", "outcome"),
    "zorgid_crl_publications_total": _metric("CRLs published.", "issuer"),
    "zorgid_crl_failures_total": _metric("CRLs that could not be published.", "issuer"),
    "zorgid_crl_sink_shown_total": _metric("CRLs that a sink took.", "sink"),
    "zorgid_crl_sink_failures_total": _metric("Attempts that a sink failed.", "sink"),
    "zorgid_ldap_changes_total": _metric("Changes made in a directory.", "replica"),
    "zorgid_ldap_failures_total": _metric("Attempts that a directory failed.", "replica"),
    "zorgid_notices_made_total": _metric("Notices to organisations."),
    "zorgid_notice_messages_total": _metric("Messages, by what a mail server did.", "outcome"),
    "zorgid_views_compared_total": _metric("Certificates held against the views from outside."),
    "zorgid_worker_changes_total": _metric("Workers that ended or were replaced.", "outcome"),
    "zorgid_lease_losses_total": _metric("Tasks stopped since their lease was lost.", "task"),
    "zorgid_journal_checkpoint_failures_total": _metric("Checkpoints that were not made."),
}
GAUGES: Final[Mapping[str, Definition]] = {
    "zorgid_clock_ahead_seconds": _metric("By how much this clock is ahead of the database's."),
    "zorgid_clock_right": _metric("Whether certificates may be dated by this clock."),
    "zorgid_nodes_that_differ": _metric("Nodes on this store that have different profiles."),
    "zorgid_lease_held": _metric("Whether what runs once runs in this process.", "task"),
    "zorgid_cards_held_too_long": _metric("Cards blocked for longer than hold_days."),
    "zorgid_changes_awaited": _metric("Changes that a sink does not show yet.", "sink"),
    "zorgid_changes_awaited_oldest_seconds": _metric("Since the oldest was made.", "sink"),
    "zorgid_certificates_expiring": _metric("Certificates that expire soon.", "within_days"),
    "zorgid_ca_certificate_expiry_timestamp_seconds": _metric("notAfter of a CA.", "issuer"),
    "zorgid_evidence_certificate_expiry_timestamp_seconds": _metric("notAfter of it."),
    "zorgid_ocsp_responder_expiry_timestamp_seconds": _metric("notAfter of it.", "issuer"),
    "zorgid_crl_this_update_timestamp_seconds": _metric("thisUpdate of the newest.", "issuer"),
    "zorgid_crl_next_update_timestamp_seconds": _metric("nextUpdate of the newest.", "issuer"),
    "zorgid_crl_size_bytes": _metric("Octets of the newest CRL.", "issuer"),
    "zorgid_crl_late": _metric("1 when the newest CRL is older than two intervals.", "issuer"),
    "zorgid_crl_entries": _metric("Entries of the newest CRL.", "issuer"),
    "zorgid_crl_sink_up": _metric("1 while a sink takes CRLs, else 0.", "sink"),
    "zorgid_crl_sink_waiting": _metric("Lists that a sink does not show yet.", "sink"),
    "zorgid_crl_sink_oldest_seconds": _metric("Since the oldest of those came.", "sink"),
    "zorgid_checkpoint_sink_up": _metric("1 while a sink takes checkpoints, else 0.", "sink"),
    "zorgid_checkpoint_sink_timestamp_seconds": _metric("When its newest was signed.", "sink"),
    "zorgid_ldap_outbox_pending": _metric("Journal entries it has not seen yet.", "replica"),
    "zorgid_ldap_outbox_oldest_seconds": _metric("Age of the oldest change it lacks.", "replica"),
    "zorgid_ldap_connected": _metric("1 while the directory answers, else 0.", "replica"),
    "zorgid_ldap_set_aside": _metric("Entries the directory refuses for good.", "replica"),
    "zorgid_notice_waiting_seconds": _metric("Since the oldest unsent notice was made."),
    "zorgid_view_disagreements": _metric("Certificates it shows otherwise.", "view"),
    "zorgid_view_seen": _metric("1 when the view could be looked at, else 0.", "view"),
    "zorgid_audit_chain_ok": _metric("1 when the journal's chain held when last checked."),
    "zorgid_journal_position": _metric("Position of the journal's newest entry."),
    "zorgid_journal_checkpoint_timestamp_seconds": _metric("When the newest was signed."),
    "zorgid_journal_checkpoint_position": _metric("The position that the newest is of."),
    "zorgid_follower_position": _metric("How far a follower has come.", "follower"),
    "zorgid_store_contact_age_seconds": _metric("Since the store was last read.", "role"),
    "zorgid_ocsp_cache_entries": _metric("OCSP answers kept."),
    "zorgid_ocsp_signed_early": _metric("OCSP answers signed before they are asked for."),
    "zorgid_status_revocations": _metric("Revoked and held certificates in memory."),
    "zorgid_status_connections_open": _metric("Connections open now."),
    "zorgid_api_connections_open": _metric("Connections to the API open now."),
    "zorgid_hsm_pending": _metric("Calls into a token that run or wait now.", "module"),
    "zorgid_signatures_pending": _metric("Signatures that run or wait now.", "key"),
    "zorgid_workers": _metric("Workers that should answer."),
    "zorgid_workers_started": _metric("Workers that came up since they were started."),
    "zorgid_source_up": _metric("1 when a source of metrics could be read.", "source"),
}
HISTOGRAMS: Final[Mapping[str, Definition]] = {
    "zorgid_ocsp_duration_seconds": _spread("Time for OCSP answers that were not ready.", _WORK),
    "zorgid_change_shown_seconds": _spread("From commit until a sink showed it.", _VIEWS, "sink"),
    "zorgid_sign_duration_seconds": _spread("Time to sign.", _WORK, "key"),
}
