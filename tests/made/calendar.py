"""A calendar as the library icalendar reads it."""

from typing import Any

import icalendar


def calendar_events(octets: bytes) -> list[dict[str, Any]]:
    """The events of one calendar; the library found no fault in them."""
    found = icalendar.Calendar.from_ical(octets)
    assert isinstance(found, icalendar.Calendar)
    events = found.walk("VEVENT")
    assert str(found["VERSION"]) == "2.0"
    assert not found.errors
    assert all(not each.errors for each in events)
    return [{str(name): value for name, value in each.items()} for each in events]
