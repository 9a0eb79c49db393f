"""`zorgid notices`: list, resend, test-mail."""

from typing import Annotated

import typer

from server.options import DEFAULT_CONFIG, Commands, Config, Json

notices = typer.Typer(
    cls=Commands,
    help="What organisations are told of their cards: list, resend, test-mail.",
    no_args_is_help=True,
)


@notices.command("list")
def notices_list(
    *,
    ura: Annotated[str | None, typer.Option(help="Of one organisation; else of all.")] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Only what nobody knows arrived or not, with ids.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 20,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Show notices, the newest first, and where the message with each is."""
    from server.notices.commands import list_notices
    from server.report import run_report

    return run_report(lambda: list_notices(config, ura, limit=limit, unknown=unknown), as_json=json)


@notices.command("resend")
def notices_resend(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As list --unknown names.")],
    *,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Let notices wait again of which nobody knows whether they arrived; they may come twice."""
    from pki.ports import SystemClock
    from server.notices.again import resend
    from server.report import run_report

    return run_report(lambda: resend(config, ids, SystemClock()), as_json=json)


@notices.command("test-mail")
def notices_test_mail(
    address: Annotated[str, typer.Argument(help="Where a message that tells nothing goes.")],
    *,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """Bring one message to the mail server, and show what it said."""
    from server.notices.commands import mail_test
    from server.report import run_report

    return run_report(lambda: mail_test(config, address), as_json=json)
