"""What the API says of itself."""

from pki.api.base import Wire
from pki.domain.reasons import RefusalReason


class ProblemKind(Wire):
    """One kind of problem document: what never changes in it. ``detail`` is Dutch."""

    type: str
    reason: RefusalReason | None
    status: int
    title: str
    detail: str
    detail_en: str


class ProblemsView(Wire):
    """GET /v1/problems: every kind there is."""

    problems: list[ProblemKind]
