"""Which attributes there are: types, and the codes of each, as this installation names them. Pure.

MAN names type, organisation and taakcode, and no list of either: that is configuration.
"""

from collections.abc import Mapping

from pki.domain.reasons import RefusalReason

AttributeTypes = Mapping[str, frozenset[str]]
"""Each type with its codes."""


def attribute_refusal(types: AttributeTypes, type_: str, code: str) -> RefusalReason | None:
    """Why nobody can have this code of this type."""
    known = code in types.get(type_, frozenset())
    return None if known else RefusalReason.ATTRIBUTE_UNKNOWN
