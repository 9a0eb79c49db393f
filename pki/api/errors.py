"""How calling the API can fail, in the one error tree."""

from dataclasses import dataclass
from typing import ClassVar

from pki.api.base import Problem
from pki.domain.errors import Unavailable, ZorgidError
from pki.domain.reasons import RefusalReason


@dataclass(kw_only=True, eq=False)
class ProblemAnswered(ZorgidError):
    """The server says no; ``problem.detail`` is the Dutch sentence for the person."""

    code: ClassVar[str] = "problem-answered"
    problem: Problem

    @property
    def reason(self) -> RefusalReason | None:
        """The rule that refused, if a rule did."""
        return self.problem.reason

    @property
    def problem_code(self) -> str:
        """The last part of the problem's ``type``: the server's error code."""
        return self.problem.type.rpartition(":")[2]


@dataclass(kw_only=True, eq=False)
class ServiceUnavailable(Unavailable):
    """The server lacks something for now; try again after ``retry_after`` seconds."""

    code: ClassVar[str] = "service-unavailable"
    problem: Problem
    retry_after: float


@dataclass(kw_only=True, eq=False)
class ServiceUnreachable(Unavailable):
    """No answer, or none that this client understands; what was asked may have been done."""

    code: ClassVar[str] = "service-unreachable"
