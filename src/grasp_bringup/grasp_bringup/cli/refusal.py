"""How a command ends that cannot go on: with one line on standard error and an exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape


def refuse(errors: Console, reason: object, *, code: int = 2) -> NoReturn:
    """Say why the command cannot go on, and end it.

    Args:
        errors: Standard error.
        reason: In words, or an exception whose message says it.
        code: Exit code; 2 is bad input.
    """
    errors.print(f"[bold red]{escape(str(reason))}[/]", soft_wrap=True)
    raise typer.Exit(code)


def cannot_reach(errors: Console, error: OSError, path: Path) -> NoReturn:
    """End a command that could neither read nor write a file, whichever it was, with exit code 2.

    Args:
        errors: Standard error.
        error: What came of it.
        path: Named if the error names none.
    """
    refuse(errors, f"cannot read or write {error.filename or path}: {error.strerror}")


def write_all(errors: Console, *writes: Callable[[], object]) -> None:
    """Write several results: one that cannot be written keeps no other back, but ends the command with exit code 2.

    Args:
        errors: Standard error.
        writes: Each writes one.
    """
    failed = []
    for write in writes:
        try:
            write()
        except OSError as error:
            failed.append(f"cannot write {error.filename}: {error.strerror}")
    if failed:
        refuse(errors, "; ".join(failed))


def cannot_write(errors: Console, error: OSError, path: Path | None = None) -> NoReturn:
    """End a command that could not write a file, or into a folder, with exit code 2.

    Args:
        errors: Standard error.
        error: What came of it.
        path: Named if the error names none.
    """
    refuse(errors, f"cannot write {error.filename or path}: {error.strerror}")
