"""Python's library in memory before root is given up, for when it lies where only root can read it.

A version manager puts Python into root's home, and modules that are imported late would then be missing. Our
own packages and the libraries must be readable for the account all the same: they have files of data.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import starlette

import archive.config
from archive.database.account import Account
from archive.errors import ConfigurationError

__all__ = ["prepare_code"]

# They open windows, print poems, or belong to Python's own tests.
_UNWANTED = {"antigravity", "ensurepip", "idlelib", "lib2to3", "this", "tkinter", "turtle", "turtledemo"}
# Packages of which any module may be wanted late.
_WHOLE = (
    "asyncio",
    "concurrent.futures",
    "ctypes",
    "email",
    "encodings",
    "html",
    "http",
    "importlib",
    "importlib.metadata",
    "importlib.resources",
    "json",
    "logging",
    "multiprocessing",
    "urllib",
    "xml.etree",
    "xml.sax",
    "zoneinfo",
)


def prepare_code(account: Account) -> None:
    """Whatever code the account will need can be had: raises ConfigurationError when it cannot."""
    for module in (archive.config, starlette):
        path = Path(str(module.__file__))
        if not _readable(account, path):
            raise ConfigurationError(
                f"the account {account.name} cannot read {path}",
                hint="install Uraniborg where it can, or set `account` to another one",
            )
    if not _readable(account, Path(os.__file__)):
        for name in _standard_modules():
            _load(name)


def _readable(account: Account, path: Path) -> bool:
    return account.run("test", "-r", path).returncode == 0


def _standard_modules() -> Iterator[str]:
    yield from sorted(sys.stdlib_module_names - _UNWANTED)
    for name in _WHOLE:
        package = importlib.import_module(name)
        yield from (f"{name}.{module.name}" for module in pkgutil.iter_modules(package.__path__))


def _load(name: str) -> None:
    # Some are for other systems, and some warn of their end; neither matters here.
    with contextlib.suppress(ImportError, AttributeError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(name)
