"""Accounts: who gets one, who proves to be its owner, and what outsiders can find out about them: nothing."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher

from archive.access import Accounts, Administration, Caller, Purpose, Role, Scope, TokenKind, tokens
from archive.access.passwords import Passwords
from archive.config import Config
from archive.database import Database
from archive.errors import ArchiveError, BadParameter, Busy, Forbidden, TooMany, Unauthenticated, UsageError
from tests.access.accounts_support import OTHER, PASSWORD, TOKEN, People, people, quick


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[People]:
    """With an operator and a sender that the configuration names, of whom the operator has a token too."""
    made = people(
        database, tmp_path, {"magnus": TOKEN}, operators=("magnus", "erik"), incoming_users=("mountain",)
    )
    yield made
    made.accounts.close()


# --- getting an account -----------------------------------------------------------------------------------


def test_an_account_is_good_once_its_address_is_confirmed(site):
    site.accounts.register("vedel", "Vedel@Hven.Example", PASSWORD, "Anders Sørensen  Vedel", "Ribe")
    with pytest.raises(Forbidden, match="not confirmed"):
        site.accounts.log_in("vedel", PASSWORD)
    first, again = site.mail()
    assert first["To"] == again["To"] == "vedel@hven.example"
    assert site.accounts.verify(site.link()) == "vedel"
    issued = site.accounts.log_in("vedel@HVEN.example", PASSWORD)
    assert issued.caller == Caller(
        "vedel",
        scopes=frozenset({Scope.READ, Scope.WRITE, Scope.ACCOUNT}),
        token=issued.caller.token,
        full_name="Anders Sørensen Vedel",
    )
    assert site.accounts.caller_of_token(issued.access) == issued.caller
    assert site.accounts.account("vedel").institute == "Ribe"


def test_a_link_is_good_once(site):
    name = site.registered("once")
    with pytest.raises(UsageError, match="not good any more"):
        site.accounts.verify(site.link())
    assert site.accounts.account(name).verified is not None


def test_an_address_is_kept_from_whoever_does_not_read_its_mail(site):
    """Someone registers with another's address first; the owner of the address is not held up by that."""
    site.accounts.register("thief", "victim@hven.example", PASSWORD)
    site.accounts.register("victim", "victim@hven.example", OTHER)
    assert site.accounts.verify(site.link()) == "victim"
    with pytest.raises(Unauthenticated):
        site.accounts.log_in("victim@hven.example", PASSWORD)
    site.accounts.log_in("victim@hven.example", OTHER)
    with pytest.raises(UsageError, match="another account"):
        secret = site.administration.link("thief", Purpose.VERIFY).rpartition("=")[2]
        site.accounts.verify(secret)


def test_nobody_learns_whether_an_address_has_an_account(site):
    name = site.registered("known")
    assert site.accounts.register("unknown2", f"{name}@hven.example", OTHER) is None
    last = site.mail()[-1]
    assert last["To"] == f"{name}@hven.example"
    assert f"Its name is {name}." in last.get_content()
    with pytest.raises(Unauthenticated):
        site.accounts.log_in("unknown2", OTHER)
    assert site.accounts.request_reset("nobody.at.all@hven.example") is None
    assert site.mail()[-1]["Message-ID"] == last["Message-ID"]


@pytest.mark.parametrize(
    "name", ["magnus", "mountain", "erik", "root", "anonymous", "Tycho", "1tycho", "a" * 31, "a-b", "", "a\0"]
)
def test_a_name_that_others_go_by_is_not_given_to_strangers(site, name):
    with pytest.raises(BadParameter, match="name"):
        site.accounts.register(name, "stranger@hven.example", PASSWORD)


def test_who_has_a_name_by_what_he_keeps_under_it_is_not_taken_over(site):
    with site.database.writer() as connection:
        connection.execute(
            "INSERT INTO archive.job (job_id, kind, place, owner, share, run_id, phase, parameters, files,"
            " given, execution_seconds, created, destruction) VALUES ('0', 'x', 'x', 'longomontanus', '', '',"
            " 'COMPLETED', '[]', '[]', 0, 1, now(), now() + interval '1 hour')"
        )
    try:
        with pytest.raises(BadParameter, match="is taken"):
            site.accounts.register("longomontanus", "l@hven.example", PASSWORD)
    finally:
        with site.database.writer() as connection:
            connection.execute("DELETE FROM archive.job WHERE owner = 'longomontanus'")


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "a@", "@b", "a b@c.example", "a@b@c.example", "a@b.example\nBcc: all@c.example",
        '"a b"@c.example', "<a@b.example>", "a@b.example,c@d.example", "a" * 250 + "@b.example",
        "a@b.example\0", "a\udc80@b.example", "(x)a@b.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(site, address):
    with pytest.raises(BadParameter, match="email"):
        site.accounts.register("addressless", address, PASSWORD)


@pytest.mark.parametrize(
    "password",
    ["short", "123456789", "aaaaaaaaaaaaaaa", "passworded", "x" * 1001, "é" * 501, "a\0bcdefghijkl"],
)
def test_a_weak_password_is_refused(site, password):
    with pytest.raises(BadParameter, match="password"):
        site.accounts.register("passworded", "weak@hven.example", password)


def test_names_of_people_are_in_their_scripts(site):
    for name, full_name in {
        "p1": "علی‌رضا سلطانی",
        "p2": "ทองดี สุขใจ",
        "p3": "王貞儀",
        "p4": "Тихо Браге",
    }.items():
        site.registered(name, full_name=full_name)
        assert site.accounts.log_in(name, PASSWORD).caller.full_name == full_name


@pytest.mark.parametrize(
    ("typed", "kept"), [("\u200fمريم\u200e", "مريم"), ("\U000323b0田", "\U000323b0田"), ("\ufeffJan", "Jan")]
)
def test_names_copied_from_pages_and_of_a_newer_unicode(site, typed, kept):
    name = site.registered(f"copied{len(typed)}{ord(typed[0])}", full_name=typed)
    assert site.accounts.account(name).full_name == kept


@pytest.mark.parametrize(
    "text", ["a\uffff", "a\ue000", "a\u202eb", "a\x1b[31mb", "a\u2066b", "x" * 201, "a\0b", "\ud800"]
)
def test_names_that_act_are_refused(site, text):
    with pytest.raises(BadParameter, match="full name"):
        site.accounts.register("acting", "acting@hven.example", PASSWORD, text)


def test_a_mailbox_cannot_be_filled(site):
    for number in range(8):
        site.accounts.register(f"many{number}", "flooded@hven.example", PASSWORD)
    assert len(site.mail()) == 5


def test_registering_can_be_switched_off(database, tmp_path):
    closed = people(database, tmp_path, registration=False)
    with pytest.raises(Forbidden, match="nobody can register"):
        closed.accounts.register("late", "late@hven.example", PASSWORD)


# --- passwords --------------------------------------------------------------------------------------------


def test_a_password_is_the_same_however_it_is_typed(site):
    site.accounts.register("typed", "typed@hven.example", "Ångström café")
    site.accounts.verify(site.link())
    site.accounts.log_in("typed", "Å" + "ngström café".replace("é", "é"))


def test_what_is_kept_of_a_password_is_argon2id(database, tmp_path):
    config = Config(mail_folder=str(tmp_path))
    accounts = Accounts(database, config)
    accounts.register("kept", "kept@hven.example", PASSWORD)
    with database.writer() as connection:
        [(kept,)] = connection.execute("SELECT password FROM archive.account WHERE name = 'kept'").fetchall()
    assert re.match(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$", kept)


def test_an_outdated_hash_is_made_anew(database, tmp_path):
    weak = people(database, tmp_path)
    weak.registered("renewed")
    strong = Accounts(database, weak.config, None, quick(time_cost=2))
    assert strong.caller_of_password("renewed", PASSWORD).name == "renewed"
    assert ",t=2," in (strong.account("renewed").password or "")


def test_a_forgotten_password_is_set_by_a_link_which_logs_everybody_out(site):
    name = site.registered("forgetful")
    before = site.accounts.log_in(name, PASSWORD)
    site.accounts.request_reset("Forgetful@hven.example")
    secret = site.link()
    with pytest.raises(BadParameter, match="guessed"):
        site.accounts.reset(secret, "forgetful@hven.example")
    assert site.accounts.reset(secret, OTHER) == name
    with pytest.raises(Unauthenticated):
        site.accounts.caller_of_token(before.access)
    with pytest.raises(Unauthenticated):
        site.accounts.log_in(name, PASSWORD)
    site.accounts.log_in(name, OTHER)
    with pytest.raises(UsageError, match="not good any more"):
        site.accounts.reset(secret, PASSWORD)


def test_a_link_is_not_good_for_something_else(site):
    name = site.registered("mixed")
    site.accounts.request_reset("mixed@hven.example")
    with pytest.raises(UsageError):
        site.accounts.verify(site.link())
    for wrong in ("", "x" * 10_000, "\0", "\ud800"):
        with pytest.raises(UsageError):
            site.accounts.reset(wrong, OTHER)
    site.accounts.log_in(name, PASSWORD)


def test_an_old_link_is_not_good(site):
    site.registered("slow")
    site.accounts.request_reset("slow@hven.example")
    secret = site.link()
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.mail_token SET expires_at = now() WHERE account = 'slow'")
    with pytest.raises(UsageError, match="not good any more"):
        site.accounts.reset(secret, OTHER)


def test_changing_the_password_asks_for_the_old_one_and_ends_all_tokens(site):
    name = site.registered("changing")
    issued = site.accounts.log_in(name, PASSWORD)
    with pytest.raises(Unauthenticated):
        site.accounts.change_password(name, "wrong", OTHER)
    site.accounts.change_password(name, PASSWORD, OTHER)
    with pytest.raises(Unauthenticated):
        site.accounts.caller_of_token(issued.access)
    with pytest.raises(Unauthenticated):
        site.accounts.refresh(issued.refresh)
    site.accounts.log_in(name, OTHER)


def test_a_new_address_counts_when_it_is_confirmed(site):
    name = site.registered("moving")
    site.accounts.change_email(name, "moved@hven.example", PASSWORD)
    assert site.accounts.account(name).email == "moving@hven.example"
    site.accounts.verify(site.link())
    assert site.accounts.account(name).email == "moved@hven.example"
    last = site.mail()[-1]
    assert (last["To"], last["Subject"]) == ("moving@hven.example", "Your account has another address")


# --- wrong passwords --------------------------------------------------------------------------------------


def refused(work, *arguments, **options) -> ArchiveError:
    with pytest.raises(ArchiveError) as raised:
        work(*arguments, **options)
    return raised.value


def test_an_unknown_name_and_a_wrong_password_are_told_alike(site):
    name = site.registered("tellings")
    answers = [
        refused(site.accounts.log_in, login, password)
        for login, password in [
            (name, "wrong"), ("nobody_of_it", "wrong"), ("", ""), ("x@y.example", PASSWORD),
            (name, "x" * 10**6), ("a\0", PASSWORD), ("\ud800", PASSWORD), ("x" * 10**6, PASSWORD),
            (name, "\ud800"),
        ]
    ]  # fmt: skip
    assert {(type(error), str(error)) for error in answers} == {(Unauthenticated, str(answers[0]))}


def test_an_unknown_name_and_a_wrong_password_take_as_long(database, tmp_path):
    """With the library's own parameters, beside which all else is short."""
    site = people(database, tmp_path)
    site.registered("timed")
    Administration(database, site.config).set_password("timed", PASSWORD)
    accounts = Accounts(database, site.config)

    def seconds(login: str) -> float:
        begun = time.process_time()
        refused(accounts.log_in, login, "wrong")
        return time.process_time() - begun

    refused(accounts.log_in, "timed", "wrong")
    pairs = [(seconds("timed"), seconds("nobody_else")) for _ in range(3)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.4 < known / unknown < 2.5


def test_an_account_is_locked_and_only_its_owner_is_told(site):
    name = site.registered("locked")
    for _ in range(10):
        assert isinstance(refused(site.accounts.log_in, name, "wrong"), Unauthenticated)
    assert isinstance(refused(site.accounts.log_in, name, "wrong"), Unauthenticated)
    told = refused(site.accounts.log_in, name, PASSWORD)
    assert isinstance(told, TooMany)
    assert 0 < told.retry_after <= 30
    assert told.status == 429
    site.administration.enable(name)
    site.accounts.log_in(name, PASSWORD)


def test_a_lock_grows_with_the_failures_and_ends_by_itself(site):
    name = site.registered("growing")
    for _ in range(10):
        refused(site.accounts.log_in, name, "wrong")
    waits = []
    for _ in range(9):
        with site.database.writer() as connection:
            connection.execute(
                "UPDATE archive.login_failure SET locked_until = now() WHERE subject = 'account growing'"
            )
        refused(site.accounts.log_in, name, "wrong")
        waits.append(site.administration.describe(name).locked_seconds)
    assert [round(wait / 30) for wait in waits] == [2, 4, 8, 16, 32, 64, 120, 120, 120]
    with site.database.writer() as connection:
        connection.execute(
            "UPDATE archive.login_failure SET locked_until = now() WHERE subject = 'account growing'"
        )
    site.accounts.log_in(name, PASSWORD)
    refused(site.accounts.log_in, name, "wrong")
    assert site.administration.describe(name).locked_seconds == 0


def test_failures_now_and_then_do_not_add_up(site):
    """In an institute somebody mistypes every day: its address must not be locked for that after months."""
    address = "192.0.2.99"
    for hours in (0, *[5] * 60):
        with site.database.writer() as connection:
            connection.execute(
                "UPDATE archive.login_failure SET last_at = last_at - make_interval(hours => %s)"
                " WHERE subject = 'address 192.0.2.99'",
                (hours,),
            )
        refused(site.accounts.log_in, "guess", "wrong", address=address)
    with site.database.writer() as connection:
        found = connection.execute(
            "SELECT failures, locked_until FROM archive.login_failure WHERE subject = 'address 192.0.2.99'"
        ).fetchone()
    assert found == (1, None)


def test_an_address_is_locked_whatever_names_it_tries(site, caplog):
    name = site.registered("addressed")
    address = "192.0.2.77"
    for number in range(50):
        error = refused(site.accounts.log_in, f"guess{number}", "wrong", address=address)
        assert isinstance(error, Unauthenticated)
    assert "address 192.0.2.77 is locked" in caplog.text
    assert "guess" not in caplog.text
    assert isinstance(refused(site.accounts.log_in, "guess", "wrong", address=address), TooMany)
    assert isinstance(refused(site.accounts.log_in, name, PASSWORD, address=address), TooMany)
    site.accounts.log_in(name, PASSWORD, address="192.0.2.78")
    with site.database.writer() as connection:
        [(rows,)] = connection.execute(
            "SELECT count(*) FROM archive.login_failure WHERE subject LIKE 'nobody %'"
        ).fetchall()
    assert rows <= 256


def test_a_program_that_sends_its_password_each_time_is_not_locked_out_by_others(site):
    """What was found right is remembered, which also spares the time of comparing it anew."""
    name = site.registered("program")
    assert site.accounts.caller_of_password(name, PASSWORD).name == name
    for _ in range(10):
        refused(site.accounts.log_in, name, "wrong")
    assert site.accounts.caller_of_password(name, PASSWORD).name == name
    assert isinstance(refused(site.accounts.caller_of_password, name, "wrong"), Unauthenticated)
    assert isinstance(refused(site.accounts.log_in, name, PASSWORD), TooMany)
    site.administration.set_password(name, OTHER)
    assert isinstance(refused(site.accounts.caller_of_password, name, PASSWORD), Unauthenticated)


# --- the operator -----------------------------------------------------------------------------------------


def test_roles_hold_at_once_for_tokens_that_are_out_already(site):
    name = site.registered("rising")
    access = site.accounts.log_in(name, PASSWORD).access
    assert not site.accounts.caller_of_token(access).is_operator
    site.administration.set_roles(name, [Role.OPERATOR])
    # The token was issued for a common user, and is good for no more.
    assert not site.accounts.caller_of_token(access).is_operator
    powerful = site.accounts.log_in(name, PASSWORD).access
    assert site.accounts.caller_of_token(powerful).viewer.operator
    site.administration.set_roles(name, [])
    assert not site.accounts.caller_of_token(powerful).is_operator


def test_a_closed_account_is_closed_for_everything(site):
    name = site.registered("closing")
    issued = site.accounts.log_in(name, PASSWORD)
    site.administration.disable(name)
    assert isinstance(refused(site.accounts.log_in, name, PASSWORD), Unauthenticated)
    assert isinstance(refused(site.accounts.log_in, name, "wrong"), Unauthenticated)
    assert isinstance(refused(site.accounts.caller_of_token, issued.access), ArchiveError)
    assert isinstance(refused(site.accounts.caller_of_password, name, PASSWORD), Unauthenticated)
    assert isinstance(refused(site.accounts.acting_for, name), Unauthenticated)
    site.accounts.request_reset("closing@hven.example")
    assert len(site.mail()) == 1
    site.administration.enable(name)
    site.accounts.log_in(name, PASSWORD)
    # What was logged in before has to log in again.
    assert isinstance(refused(site.accounts.caller_of_token, issued.access), Unauthenticated)


def test_of_a_removed_account_nothing_is_left_but_its_name(site):
    name = site.registered("gone", full_name="Somebody", institute="Somewhere")
    issued = site.accounts.log_in(name, PASSWORD)
    site.administration.remove(name)
    assert isinstance(refused(site.accounts.caller_of_token, issued.access), Unauthenticated)
    assert isinstance(refused(site.accounts.log_in, name, PASSWORD), Unauthenticated)
    assert isinstance(refused(site.accounts.acting_for, name), Unauthenticated)
    assert isinstance(refused(site.accounts.register, name, "gone@hven.example", PASSWORD), BadParameter)
    assert isinstance(refused(site.administration.add, name), BadParameter)
    [left] = [one for one in site.administration.all() if one.name == name]
    assert (left.email, left.full_name, left.institute, left.password) == (None, "", "", None)


def test_an_operator_makes_accounts_that_are_good_at_once(site):
    site.administration.add("erik", email="erik@hven.example", password=PASSWORD, roles=[Role.QC])
    caller = site.accounts.log_in("erik", PASSWORD).caller
    # The configuration names him as one, too.
    assert caller.roles == {Role.QC, Role.OPERATOR}
    assert caller.is_operator
    site.administration.add("invited", email="invited@hven.example")
    secret = site.administration.link("invited", Purpose.RESET).rpartition("=")[2]
    site.accounts.reset(secret, PASSWORD)
    site.accounts.log_in("invited", PASSWORD)


def test_a_link_for_a_password_proves_no_address(site):
    """A stranger registers with somebody's address and talks the operator into a link."""
    site.accounts.register("talker", "observer@hven.example", PASSWORD)
    secret = site.administration.link("talker", Purpose.RESET).rpartition("=")[2]
    site.accounts.reset(secret, OTHER)
    assert site.accounts.account("talker").verified is None


# --- whom credentials prove -------------------------------------------------------------------------------


def test_jobs_run_with_the_rights_that_their_owner_has_then(site):
    name = site.registered("owner")
    assert site.accounts.acting_for(name).roles == set()
    site.administration.set_roles(name, [Role.OPERATOR])
    assert site.accounts.acting_for(name).is_operator
    assert not site.accounts.acting_for(name, frozenset({Scope.READ, Scope.WRITE})).is_operator
    assert site.accounts.acting_for("").is_anonymous
    assert site.accounts.acting_for("magnus").is_operator
    assert site.accounts.acting_for("of_long_ago") == Caller(
        "of_long_ago", scopes=frozenset({Scope.READ, Scope.WRITE})
    )


def test_tokens_from_the_environment_go_on_working(site):
    magnus = site.accounts.of(f"Bearer {TOKEN}")
    assert (magnus.name, magnus.is_operator, magnus.roles) == ("magnus", True, {Role.OPERATOR})
    assert site.accounts.caller_of_password("magnus", TOKEN) == magnus
    assert isinstance(refused(site.accounts.caller_of_password, "kirsten", TOKEN), Unauthenticated)
    assert site.accounts.of(None).is_anonymous


def test_who_logs_in_elsewhere_gets_an_account_and_keeps_it(site):
    issuer = "https://login.example"
    log_in = site.accounts.log_in_by_identity
    first = log_in(
        issuer,
        "1",
        "Sophie.Brahe@hven.example",
        True,
        "Sophie Brahe",
        "https://orcid.org/0000-0002-1825-0097",
    )
    assert first.caller.name == "sophie_brahe"
    assert site.accounts.account("sophie_brahe").orcid == "0000-0002-1825-0097"
    again = log_in(issuer, "1", "other@hven.example", False, "Sophie", "0000-0002-1825-0098")
    assert again.caller.name == "sophie_brahe"
    assert site.accounts.account("sophie_brahe").orcid == "0000-0002-1825-0097"
    other = log_in(issuer, "2", "sophie.brahe@elsewhere.example", True, "Sophie Brahe", None)
    assert other.caller.name == "sophie_brahe_2"
    assert isinstance(refused(site.accounts.log_in, "sophie_brahe", ""), Unauthenticated)
    site.administration.disable("sophie_brahe")
    assert isinstance(refused(log_in, issuer, "1", "", False, "", None), Unauthenticated)


def test_an_account_is_found_by_an_address_that_both_sides_know_to_be_his(site):
    issuer = "https://login.example"
    log_in = site.accounts.log_in_by_identity
    name = site.registered("linked")
    assert log_in(issuer, "3", "linked@hven.example", True, "", None).caller.name == name
    site.registered("unlinked")
    stranger = log_in(issuer, "4", "unlinked@hven.example", False, "", None).caller.name
    assert stranger != "unlinked"
    assert site.accounts.account(stranger).verified is None
    # One that was registered beforehand by somebody who could not confirm the address is not taken for his.
    site.accounts.register("waiting_thief", "waited@hven.example", PASSWORD)
    assert log_in(issuer, "5", "waited@hven.example", True, "", None).caller.name == "waited"


@pytest.mark.parametrize("full_name", ["", "王貞儀", "a\0b", "Robert'); DROP TABLE--", "\u202e" * 300])
def test_whatever_a_provider_says_of_a_name_is_harmless(site, full_name):
    subject = f"subject {full_name!r}"
    caller = site.accounts.log_in_by_identity(
        "https://x.example", subject, "no address", True, full_name, "x"
    ).caller
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,29}", caller.name)
    assert caller.full_name in {full_name, ""}


def test_a_token_of_a_program_is_as_narrow_as_it_was_made(site):
    site.administration.add("robot", roles=[Role.SERVICE])
    issued = site.accounts.issue_service_token("robot", [Scope.DELIVER], timedelta(days=30), "of the dome")
    caller = site.accounts.caller_of_token(issued.access)
    assert (caller.scopes, issued.refresh) == ({Scope.DELIVER}, None)
    for scopes in ([], [Scope.ADMIN], [Scope.ACCOUNT], [Scope.DELIVER, Scope.ADMIN]):
        assert isinstance(refused(site.accounts.issue_service_token, "robot", scopes), Forbidden)
    [listed] = site.accounts.tokens_of("robot")
    assert (listed.note, listed.scopes, listed.is_valid) == ("of the dome", {Scope.DELIVER}, True)


class Slow(PasswordHasher):
    """Something happens while it compares."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        right = super().verify(hash, password)
        self.meanwhile()
        return right


def test_no_token_survives_a_password_that_is_set_meanwhile(site):
    """Somebody logs in with the old password in the moment in which it is replaced."""
    name = site.registered("overtaken")
    hasher = Slow(1, memory_cost=8, parallelism=1)
    accounts = Accounts(site.database, site.config, None, Passwords(hasher))
    hasher.meanwhile = lambda: site.administration.set_password(name, OTHER)
    assert isinstance(refused(accounts.log_in, name, PASSWORD), Busy)
    assert not [token for token in site.accounts.tokens_of(name) if token.is_valid]
    accounts.close()


def test_a_refresh_that_is_under_way_is_over_with_all_others(site):
    name = site.registered("underway")
    issued = site.accounts.log_in(name, PASSWORD)
    with ThreadPoolExecutor(1) as elsewhere:
        with site.database.writer() as connection:
            connection.execute("SELECT FROM archive.account WHERE name = %s FOR NO KEY UPDATE", (name,))
            ending = elsewhere.submit(site.accounts.revoke_all, name)
            tokens.issue(connection, "", name, TokenKind.ACCESS, [Scope.READ])
            assert not ending.done()
        assert ending.result(timeout=30) == 3
    assert not [token for token in site.accounts.tokens_of(name) if token.is_valid]
    assert isinstance(refused(site.accounts.refresh, issued.refresh), Unauthenticated)
