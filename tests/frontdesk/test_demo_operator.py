"""The configuration that the demonstration keeps, so that an operator's commands find it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archive.config import Config, load_config
from frontdesk.demo import demonstration_config, greeting
from frontdesk.demo_operator import keep_configuration


def test_the_commands_of_an_operator_find_the_demonstration(tmp_path: Path) -> None:
    config = demonstration_config(
        replace(Config(), publisher='"Ὑπατία"\\', registration=False), tmp_path, 8123
    )
    assert "operator's commands" not in greeting(config, "")
    keep_configuration(config)
    kept = tmp_path / "archive.toml"
    assert load_config(kept, {}) == config
    assert kept.stat().st_mode & 0o777 == 0o600
    assert f"uraniborg --config {kept} user list" in greeting(config, "")
