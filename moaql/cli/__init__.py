"""The command line: one file a command, imported when it is called.

Results go to standard output, everything else to standard error. Only this folder prints.
"""

from __future__ import annotations

import gc
import os
import sys
from keyword import iskeyword
from typing import TYPE_CHECKING, NoReturn

import click

from moaql import __version__

if TYPE_CHECKING:
    from click import Command, Context, HelpFormatter

COMMANDS = {
    "bank": "Show, export, import and prune the answers that were paid for.",
    "batch": "Answer every question of a file.",
    "check": "Find mistakes in programs.",
    "diagnose": "Find out why a topology is as good as it is.",
    "diff": "Show what differs between two topologies.",
    "eval": "Score topologies on an eval set, and compare them.",
    "explain": "Explain a code such as W501, or a stage such as rank.",
    "export": "Write a topology as a program of another runtime.",
    "fmt": "Format programs in place.",
    "graph": "Draw a topology.",
    "import": "Read what other runtimes call a configuration, as a program.",
    "init": "Find keys and local servers, and write a first program.",
    "models": "Show which names mean which models, and from where.",
    "plan": "Count calls, dollars and seconds before spending.",
    "report": "Write what a search found as one HTML file.",
    "run": "Answer one question.",
    "search": "Find the best topologies for the dollar on an eval set.",
    "serve": "Serve topologies behind the chat API of OpenAI.",
    "sim": "Serve simulated models over HTTP.",
    "tune": "Find better instructions or numbers for a topology.",
}
"""The commands, each with its line of help, so that `--help` imports none of them."""


class Commands(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: Context) -> list[str]:
        """All names."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of a name, or None."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        import importlib

        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: Command = importlib.import_module(f"moaql.cli.{module}").command
        return command

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command that the arguments name, with a suggestion where they name none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from moaql.diagnostics import suggest

            help = suggest(args[0], COMMANDS)
            ctx.fail(f"no command is called '{args[0]}'{'; ' + help if help else '.'}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The list of commands in the help."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MOAQL"})
@click.version_option(__version__, prog_name="moaql")
def cli() -> None:
    """Ensembles of language models as text: check, draw, price, compare and run them.

    \b
    Example: moaql plan programs/quickstart.moaql
    """


def main() -> NoReturn:
    """Run the command line and exit with its code: 0 fine, 1 findings, 2 wrong usage, 3 a provider failed, 4 out of budget, 130."""
    gc.disable()  # a command is over before a collection pays; what runs long turns it on again
    _leave(_run())


def _leave(code: int) -> NoReturn:
    """Exit without taking the interpreter apart, which takes longer than checking a program does."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read the output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if sys.gettrace() is not None or sys.flags.interactive:
        sys.exit(code)
    os._exit(code)


def _run() -> int:
    from moaql.errors import MoaqlError

    try:
        _load_environment_file()
        result = cli.main(prog_name="moaql", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        kept = str(error)
        click.echo(f"interrupted: {kept}" if kept else "interrupted", err=True)
        _as_json("interrupted", kept)
        return 130
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        _as_json(error.format_message(), "")
        return error.exit_code
    except MoaqlError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.next_step:
            click.echo(error.next_step, err=True)
        _as_json(error.message, error.next_step)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RecursionError:
        click.echo("error: the program is nested too deeply.", err=True)
        _as_json("the program is nested too deeply", "")
        return 1
    except OSError as error:
        message = f"{(error.strerror or str(error)).lower()}{f': {error.filename}' if error.filename else ''}"
        click.echo(f"error: {message}\nCheck the path and its permissions.", err=True)
        _as_json(message, "Check the path and its permissions.")
        return 2
    return result if isinstance(result, int) else 0


def _as_json(message: str, help: str) -> None:
    """With `--json`, a failure is a document too."""
    if "--json" in sys.argv:
        from moaql.cli.shared import print_json

        print_json({"error": message, "help": help, "diagnostics": []})


def _load_environment_file() -> None:
    """Variables of a `.env` file here; those that are set already win."""
    if os.path.isfile(".env"):
        from dotenv import load_dotenv

        from moaql.errors import UsageError

        try:
            load_dotenv(".env")
        except UnicodeDecodeError:
            raise UsageError("the file `.env` here is not UTF-8 text", "Save it as UTF-8, or remove it.") from None
