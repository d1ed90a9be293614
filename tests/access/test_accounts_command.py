"""`uraniborg user`, and the mail that goes out by the operator's program or into his folder."""

from __future__ import annotations

import argparse
import io
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from archive.access import Accounts
from archive.access.mail import Mailer
from archive.config import Config
from archive.database import Database
from archive.errors import BadParameter, ConfigurationError, Forbidden, NotFound, Unauthenticated, UsageError
from frontdesk.cli import parser
from frontdesk.user_command import act, read_password
from tests.access.accounts_support import OTHER, PASSWORD, quick


class Shell:
    """Says `uraniborg user ...` to one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.config = replace(Config(), operators=("of_the_configuration",))
        self.accounts = Accounts(database, self.config, None, quick())

    def say(self, text: str, password: str | None = None) -> list[str]:
        arguments = parser().parse_args(["user", *text.split()])
        return act(self.config, arguments, self.database, password)


@pytest.fixture(scope="module")
def shell(database: Database) -> Shell:
    return Shell(database)


def test_an_account_from_its_beginning_to_its_end(shell):
    shell.say("add cecilie --email Cecilie@hven.example --institute Uraniborg --role qc", PASSWORD)
    assert shell.accounts.log_in("cecilie", PASSWORD).caller.roles == {"qc"}
    [row] = [line for line in shell.say("list") if line.startswith("cecilie ")]
    assert row.split()[1:5] == ["open", "qc", "cecilie@hven.example", "-"]
    shell.say("roles cecilie operator phase3")
    assert "roles:      operator, phase3" in shell.say("show cecilie")
    assert shell.say("roles cecilie") == ["roles of cecilie: -"]
    shell.say("password cecilie", OTHER)
    shell.accounts.log_in("cecilie", OTHER)
    shell.say("disable cecilie")
    with pytest.raises(Unauthenticated):
        shell.accounts.log_in("cecilie", OTHER)
    assert "state:      closed" in shell.say("show cecilie")
    shell.say("enable cecilie")
    shell.accounts.log_in("cecilie", OTHER)
    shell.say("remove cecilie")
    with pytest.raises(BadParameter, match="no account"):
        shell.say("show cecilie")
    assert not [line for line in shell.say("list") if line.startswith("cecilie ")]
    assert [line for line in shell.say("list --removed") if line.startswith("cecilie ")]
    told = [line.split("  ")[1].strip() for line in shell.say("history cecilie")[1:]]
    assert told[0] == "added"
    assert told[-4:] == ["closed", "opened", "token issued", "removed"]


def test_names_that_no_database_could_have_are_unknown(shell):
    for action in ("show", "history", "disable", "remove", "tokens", "token --scope read"):
        with pytest.raises(BadParameter, match="no account"):
            shell.say(f"{action} \udcff")


def test_the_operator_hands_out_links(shell):
    shell.say("add live --email live@hven.example --without-password")
    assert "password:   no" in shell.say("show live")
    [link] = shell.say("password live --link")
    assert link.startswith("http://127.0.0.1:8000/account/reset?token=")
    shell.accounts.reset(link.rpartition("=")[2], PASSWORD)
    shell.accounts.log_in("live", PASSWORD)
    shell.accounts.register("elisabeth", "elisabeth@hven.example", PASSWORD)
    assert "address:    elisabeth@hven.example (not confirmed)" in shell.say("show elisabeth")
    [link] = shell.say("verify elisabeth --link")
    shell.accounts.verify(link.rpartition("=")[2])
    shell.accounts.register("margrethe", "margrethe@hven.example", PASSWORD)
    shell.say("verify margrethe")
    shell.accounts.log_in("margrethe", PASSWORD)
    shell.say("add addressless --without-password")
    with pytest.raises(UsageError, match="no address"):
        shell.say("password addressless --link")


def test_a_lock_is_shown_and_ended(shell):
    shell.accounts.register("sidsel", "sidsel@hven.example", PASSWORD)
    shell.say("verify sidsel")
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            shell.accounts.log_in("sidsel", "wrong")
    assert "locked:     for 1 min, after wrong passwords" in shell.say("show sidsel")
    shell.say("enable sidsel")
    assert shell.accounts.log_in("sidsel", PASSWORD)


def test_tokens_of_programs(shell, capsys):
    shell.say("add rover --without-password --role service")
    [token] = shell.say("token rover --scope deliver --scope read --days 10 --note dome")
    assert "not shown again" in capsys.readouterr().err
    caller = shell.accounts.caller_of_token(token)
    assert caller.scopes == {"deliver", "read"}
    [row] = [line for line in shell.say("tokens rover") if line.startswith(caller.token)]
    assert row.split()[1:4] == ["service", "deliver,", "read"]
    assert row.split()[-2:] == ["good", "dome"]
    assert "revoked" in "".join(shell.say(f"tokens rover --revoke {caller.token}"))
    with pytest.raises(NotFound):
        shell.say(f"tokens rover --revoke {caller.token}")
    for scopes in ("--scope admin", "--scope deliver --days -1"):
        with pytest.raises((Forbidden, UsageError)):
            shell.say(f"token rover {scopes}")
    for wrong in ("token rover", "token rover --scope account", "add x --role king", "roles x king"):
        with pytest.raises(SystemExit):
            shell.say(wrong)


def test_names_of_the_configuration_are_for_the_operator_to_give(shell):
    with pytest.raises(BadParameter, match="is taken"):
        shell.accounts.register("of_the_configuration", "o@hven.example", PASSWORD)
    shell.say("add of_the_configuration", PASSWORD)
    assert shell.accounts.log_in("of_the_configuration", PASSWORD).caller.is_operator


def test_a_password_comes_from_the_standard_input_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("stella nova 1572 \nmore\n"))
    assert read_password() == "stella nova 1572 "


def test_no_password_is_an_argument():
    [users] = [
        action.choices["user"]
        for action in parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    with pytest.raises(SystemExit):
        users.parse_args(["add", "tycho", "--password", "x"])


# --- mail -------------------------------------------------------------------------------------------------


def test_a_message_goes_to_the_program_and_into_the_folder(tmp_path):
    sent = tmp_path / "sent"
    folder = tmp_path / "mail"
    folder.mkdir()
    config = replace(
        Config(), title="Stjärnborg", mail_command=f"/bin/sh -c 'cat > {sent}'", mail_folder=str(folder)
    )
    mailer = Mailer(config)
    mailer.send("tycho@hven.example", "Subject", ["A line", "Æ"])
    mailer.close()
    [kept] = folder.glob("*.eml")
    assert kept.read_bytes() == sent.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    text = sent.read_text("utf-8")
    assert "To: tycho@hven.example\n" in text.replace("\r", "")
    assert "Auto-Submitted: auto-generated" in text
    assert "A line\nÆ\n" in text.replace("\r", "")
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    "settings",
    [
        {"mail_command": "/bin/sh -c 'echo broken >&2; exit 3'"},
        {"mail_command": "/nowhere/sendmail"},
        {"mail_folder": "/nowhere"},
        {"mail_folder": "/tmp", "contact_email": "no address"},
    ],
)
def test_what_cannot_be_sent_is_logged_without_what_it_said(settings, caplog):
    mailer = Mailer(replace(Config(), **settings))
    with caplog.at_level(logging.ERROR, "uraniborg.mail"):
        mailer.send("tycho@hven.example", "Subject", ["https://hven.example/?token=secret"])
        mailer.close()
    [record] = caplog.records
    assert "could not be sent" in record.getMessage()
    assert "secret" not in record.getMessage()


@pytest.mark.parametrize(
    "settings",
    [{"mail_folder": "mail"}, {"mail_command": "sendmail -t"}, {"mail_command": "'"}, {"mail_command": " "}],
)
def test_mistakes_in_the_settings_are_told(settings):
    with pytest.raises(ConfigurationError, match="mail_"):
        Config(**settings)


def test_without_mail_nothing_is_sent_and_nothing_fails(database, tmp_path):
    accounts = Accounts(database, Config(), None, quick())
    assert not accounts.sends_mail
    accounts.register("mailless", "mailless@hven.example", PASSWORD)
    accounts.request_reset("mailless@hven.example")
    with pytest.raises(UsageError, match="sends no mail"):
        accounts.change_email("mailless", "moved@hven.example", PASSWORD)
    accounts.close()
    assert list(Path(tmp_path).iterdir()) == []
