"""The command line's root: which commands there are, and how errors leave it."""

from __future__ import annotations

import importlib
import sys

import typer

from emofuse import __version__
from emofuse.core import InputError, LabelError, MissingExtra, PosteriorMismatch

app = typer.Typer(
    name="emofuse",
    help="From a recording to a calibrated emotion timeline, and from a corpus to an honest number.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# One module a group of commands; each has `register(app)`.
_COMMANDS = (
    "analyse",
    "show",
    "example",
    "models",
    "doctor",
    "bench",
    "corpora",
    "protocols",
    "agreement",
    "research",
    "features",
    "train",
    "systems",
    "explain",
    "serve",
)

USAGE, INTERRUPTED = 2, 130


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"emofuse {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    pass


def json_to_stdout_by_default(arguments: list[str]) -> list[str]:
    """`--json` without a file means `--json -`: typer has no options with an optional value."""
    given = []
    for i, argument in enumerate(arguments):
        given.append(argument)
        following = arguments[i + 1] if i + 1 < len(arguments) else "--"
        if argument == "--json" and following.startswith("-") and following != "-":
            given.append("-")
    return given


def main() -> None:
    """Run the command line. Errors are one line on stderr: file, reason, remedy."""
    for name in _COMMANDS:
        importlib.import_module(f"emofuse.cli.{name}").register(app)
    try:
        app(json_to_stdout_by_default(sys.argv[1:]))
    except (InputError, MissingExtra, LabelError, PosteriorMismatch) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        sys.stderr.close()
        sys.exit(0)
