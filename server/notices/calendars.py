"""Where calendar programs reach the API."""

from server.settings import Settings


def calendar_url(settings: Settings) -> str:
    """As configured; else the API's own name and port."""
    if settings.notices.calendar_url is not None:
        return settings.notices.calendar_url
    port = settings.api.listen.rpartition(":")[2]
    return f"https://{settings.api.audience}:{port}"
