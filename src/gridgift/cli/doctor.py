"""``gridgift doctor``: is everything as it should be, and if not, what to do."""

import typer

from gridgift.cli.checks import Check, examine
from gridgift.cli.exit_codes import ExitCode
from gridgift.cli.options import DatabaseOptions
from gridgift.cli.output import print_json
from gridgift.cli.session import read_settings
from gridgift.cli.tables import print_table
from gridgift.settings import VARIABLES, Settings, SettingsError


def doctor(options: DatabaseOptions) -> None:
    """Check that all is as it should be.

    Settings, database, secret, disk and clock; the exit code is 1 if anything is wrong.
    """
    try:
        settings: Settings | None = read_settings(options.database)
        checks = [Check("settings", True, "Every setting is known and has a good value.")]
    except SettingsError as error:
        settings = None
        checks = [Check("settings", False, str(error), "Correct or unset the variable.")]
    if settings is not None:
        checks += examine(settings)
    sound = all(check.ok for check in checks)
    values = {} if settings is None else settings.masked()
    if options.json:
        print_json({"ok": sound, "settings": values, "checks": checks})
    else:
        _print(values, checks)
    if not sound:
        raise typer.Exit(ExitCode.REFUSED)


def _print(values: dict[str, str], checks: list[Check]) -> None:
    if values:
        print_table(
            ("SETTING", "VALUE", "MEANING"),
            [(name, value, VARIABLES[name].help) for name, value in values.items()],
        )
        print()
    print_table(
        ("CHECK", "", "FOUND", "WHAT TO DO"),
        [
            (check.name, "ok" if check.ok else "WRONG", check.found, check.remedy)
            for check in checks
        ],
    )
