"""Paths as people type them, made into what segued can be told: absolute, and by the name that the person sees."""

from __future__ import annotations

import os

from segue.cli.errors import usage


def absolute(word: str) -> str:
    """Make a path absolute against the folder that the shell shows. Raises `CtlError` for what no path can be.

    Links are left alone, so that a folder keeps the name under which segued's configuration may have it.
    """
    if not word:
        raise usage("The path is empty.", "Name a file or a folder.")
    try:
        word.encode()
    except UnicodeEncodeError:
        raise usage(
            "The path is not UTF-8, and segue does not touch files whose names it cannot write down.",
            "Rename it first; `convmv` does that for many.",
        ) from None
    return os.path.normpath(word if word.startswith("/") else f"{_here()}/{word}")


def is_path(word: str) -> bool:
    """Tell a path from a job's id: it has a slash, or is there."""
    return "/" in word or word in (".", "..") or os.path.lexists(word)


def _here() -> str:
    """Give the present folder, by the name that the shell shows where that is still true."""
    shown = os.environ.get("PWD", "")
    try:
        if shown.startswith("/") and os.path.samestat(os.stat(shown), os.stat(".")):  # noqa: PTH116
            return shown
        return os.getcwd()  # noqa: PTH109 - pathlib takes as long to import as Python to start
    except OSError:
        raise usage(
            "The present folder is gone, so nothing can be named from here.", "Change into another one."
        ) from None
