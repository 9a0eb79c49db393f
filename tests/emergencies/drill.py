"""An emergency rehearsed: the command, given again and again about one list."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emergencies.rehearsal import SECOND, signed
from installed.practice import Practice
from pki.domain.errors import ZorgidError
from server.emergency.commands import Asked, run_revocation
from server.initialise import TEAM
from server.report import exit_code


@dataclass(frozen=True)
class Drill:
    """The command, given again and again about one list."""

    practice: Practice
    list: Path
    reason: str = "keyCompromise"

    @property
    def order(self) -> Path:
        """Where the order is written."""
        return self.list.with_suffix(".order.json")

    def words(self, *options: str) -> tuple[str, ...]:
        return ("revoke", "--file", str(self.list), "--reason", self.reason, *options)

    def run(
        self,
        *approvals: Path,
        dry_run: bool = False,
        order: Path | None = None,
        lines: Path | None = None,
    ) -> tuple[int, Mapping[str, Any]]:
        """The command in this process: exit code, and result or error."""
        asked = Asked(
            file=self.list,
            reason=self.reason,
            compromised_since=None,
            dry_run=dry_run,
            order=order,
            approvals=approvals,
            lines=lines,
        )
        try:
            report = run_revocation(self.practice.config, asked)
        except ZorgidError as error:
            return exit_code(error), {"type": error.code, "message": error.message}
        return report.code, report.result

    def approved(self, *who: str) -> tuple[Path, ...]:
        """The order, signed by these just now."""
        if not self.order.exists():
            _, told = self.run(order=self.order)
            assert told["order"] == str(self.order)
        return tuple(signed(self.practice.layout, self.order, name) for name in who)

    def by_two(self) -> tuple[Path, ...]:
        return self.approved(TEAM, SECOND)
