"""``gridgift inworld``: what objects in Second Life need."""

from typing import Annotated, Final

import typer

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import PUBLIC_URL, JsonOption, UsageError, one_of, read_url
from gridgift.cli.output import print_json
from gridgift.cli.session import read_settings
from gridgift.cli.simulate import simulate
from gridgift.inworld import LANGUAGES_SCRIPT, SCRIPTS, is_quotable
from gridgift.inworld import script as assemble

app = Commands(help="What objects in Second Life need.", no_args_is_help=True)
app.command("simulate")(simulate)

QUOTABLE: Final = "must be in ASCII, without spaces, quotes and braces"


def read_address(text: str) -> str:
    """Read the server's address, which is to stand in a script."""
    url = read_url(text)
    if not is_quotable(url):
        raise typer.BadParameter(f"It {QUOTABLE}.")
    return url


@app.command("script")
def script(
    script_name: Annotated[
        str, typer.Argument(parser=one_of(SCRIPTS), metavar="NAME", help=f"{', '.join(SCRIPTS)}.")
    ],
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            parser=read_address,
            metavar="URL",
            help=f"Where Second Life reaches the server; otherwise {PUBLIC_URL}.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print a script to paste into an object.

    The address of the server stands in it, unless it is ``languages``, which asks no server.
    """
    address = url or read_settings(None).public_url
    if not address and script_name != LANGUAGES_SCRIPT:
        raise UsageError(f"Where does Second Life reach the server? Use --url or {PUBLIC_URL}.")
    if not is_quotable(address):
        raise UsageError(f"{PUBLIC_URL} {QUOTABLE}.")
    text = assemble(script_name, address)
    if json:
        print_json({"name": script_name, "url": address, "script": text})
    else:
        print(text, end="")
