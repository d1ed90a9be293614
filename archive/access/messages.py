"""The messages that accounts send: who has asked for what, and which link to follow."""

from __future__ import annotations

from .mail import Mailer, reset_link, verify_link

__all__ = ["tell_known", "tell_moved", "tell_reset", "tell_verify"]


def tell_verify(mailer: Mailer, base_url: str, name: str, email: str, secret: str) -> None:
    mailer.send(
        email,
        "Please confirm your address",
        [
            f"This address was given for the account {name}.",
            "",
            "If that was you, please confirm it within two days:",
            "",
            verify_link(base_url, secret),
            "",
            "If it was not, please do not: who has that account would get your rights on data.",
        ],
    )


def tell_known(mailer: Mailer, base_url: str, name: str, email: str) -> None:
    """To somebody whose address was given for a second account. Who gave it is told nothing."""
    mailer.send(
        email,
        "You have an account already",
        [
            "Your address was given for a new account, but you have one already.",
            f"Its name is {name}.",
            "",
            "If you have forgotten its password, you can set another one:",
            "",
            f"{base_url}/account/forgotten",
            "",
            "If it was not you who asked, there is nothing to do.",
        ],
    )


def tell_reset(mailer: Mailer, base_url: str, name: str, email: str, secret: str) -> None:
    mailer.send(
        email,
        "Another password",
        [
            f"Another password was asked for, for the account {name}. Within an hour you can set one here:",
            "",
            reset_link(base_url, secret),
            "",
            "If it was not you who asked, there is nothing to do; your password stays as it is.",
        ],
    )


def tell_moved(mailer: Mailer, name: str, email: str) -> None:
    """To the address that an account had until now."""
    mailer.send(
        email,
        "Your account has another address",
        [
            f"The account {name} has another address now; nothing more is sent to this one.",
            "",
            "If it was not you who changed it, please tell the archive at once.",
        ],
    )
