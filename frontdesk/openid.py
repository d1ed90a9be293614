"""Logging in at somebody else's: the archive as a client of an OpenID Connect provider (Core 1.0, code flow).

Here a person is sent to the provider, and what comes back is proven: by state, nonce and PKCE that it belongs
to this browser's log-in, by the provider's signature who it is. Which account that is, is decided by
`archive.access`. The provider is the operator's choice; it is asked with limits all the same.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from archive.config import Config
from archive.errors import Busy, Unauthenticated

__all__ = ["Identity", "OpenId", "Pending"]

_log = logging.getLogger("uraniborg.accounts")

VARIABLE = "URANIBORG_OIDC_SECRET"
_ORCID = "https://orcid.org"
_DISCOVERY = "/.well-known/openid-configuration"
# Signatures by keys that only the provider has.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_SECONDS = 10.0  # for one answer of the provider
_MOST_BYTES = 1_000_000
_FRESH = 3600.0  # seconds for which the provider's keys and addresses are kept
_LEEWAY = 120  # seconds by which its clock may differ
_LONGEST_CODE = 4000
_ADDRESS = re.compile(r"https?://[!-~]{1,2000}")
_RESTS = 10.0  # seconds for which a provider that was away is not asked again


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at a provider; `subject` never changes there, `email` may."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    full_name: str = ""
    orcid: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A log-in that has been begun, as the browser keeps it in a cookie until it comes back."""

    state: str
    nonce: str
    verifier: str
    back: str

    @classmethod
    def new(cls, back: str) -> Pending:
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), back)

    def packed(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def unpacked(cls, text: str | None) -> Pending:
        """Raises Unauthenticated for what `packed` has not made."""
        try:
            values = json.loads(base64.urlsafe_b64decode(text or ""))
            pending = cls(**values)
        except (ValueError, TypeError, RecursionError) as cause:
            raise _refused("this log-in was not begun here, or too long ago") from cause
        if not all(isinstance(value, str) and value for value in asdict(pending).values()):
            raise _refused("this log-in was not begun here, or too long ago")
        return pending


@dataclass
class _Known:
    """What the provider says of itself, and when it was asked."""

    metadata: Mapping[str, Any]
    keys: KeySet
    since: float = field(default_factory=time.monotonic)


class OpenId:
    """The provider of a configuration, asked when it is needed first. All methods block."""

    def __init__(self, config: Config, secret: str) -> None:
        self._issuer = config.oidc_issuer.rstrip("/")
        self._client_id = config.oidc_client_id
        self._secret = secret
        self._callback = f"{config.base_url}/login/oidc/callback"
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._resting = 0.0  # until when it is not asked, by the monotonic clock

    @classmethod
    def of(cls, config: Config, environment: Mapping[str, str] = os.environ) -> OpenId | None:
        """None for an archive that has no provider."""
        return cls(config, environment.get(VARIABLE, "")) if config.oidc_issuer else None

    def address(self, pending: Pending) -> str:
        """Where the person has to go. Raises Busy when the provider cannot be reached."""
        address: str = prepare_grant_uri(
            self._provider().metadata["authorization_endpoint"],
            client_id=self._client_id,
            response_type="code",
            redirect_uri=self._callback,
            scope="openid email profile",
            state=pending.state,
            nonce=pending.nonce,
            code_challenge=create_s256_code_challenge(pending.verifier),
            code_challenge_method="S256",
        )
        return address

    def identity(self, pending: Pending, answer: Mapping[str, str]) -> Identity:
        """Who came back, with the parameters `answer`. Raises Unauthenticated, and Busy."""
        provider = self._provider()
        if not secrets.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise _refused("this log-in was not begun in this browser, or too long ago")
        # RFC 9207: an answer of another provider than the one that was asked.
        if answer.get("iss", self._issuer).rstrip("/") != self._issuer:
            raise _refused("another provider has answered")
        if "error" in answer:
            raise _refused(f"the log-in was not completed ({answer['error'][:80]!r})")
        code = answer.get("code", "")
        if not 0 < len(code) <= _LONGEST_CODE:
            raise _refused("the provider has sent no code")
        tokens = self._exchanged(provider, code, pending.verifier)
        claims = self._claims(provider, tokens, pending.nonce)
        if "email" not in claims:
            claims = {**self._about(provider, tokens, claims), **claims}
        return self._identified(claims)

    def _identified(self, claims: Mapping[str, Any]) -> Identity:
        subject = _text(claims, "sub")
        if not subject:
            raise _refused("the provider does not say who you are")
        parts = (_text(claims, "given_name"), _text(claims, "family_name"))
        return Identity(
            self._issuer,
            subject,
            _text(claims, "email"),
            claims.get("email_verified") is True,
            _text(claims, "name") or " ".join(part for part in parts if part),
            subject if self._issuer == _ORCID else _text(claims, "orcid"),
        )

    def _exchanged(self, provider: _Known, code: str, verifier: str) -> Mapping[str, Any]:
        """The code for tokens (OpenID Connect Core 1.0, 3.1.3)."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        known = provider.metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        auth: httpx.BasicAuth | None = None
        if self._secret and "client_secret_basic" in known:
            auth = httpx.BasicAuth(self._client_id, self._secret)
        else:
            fields["client_id"] = self._client_id
            if self._secret:
                fields["client_secret"] = self._secret
        return _asked("POST", provider.metadata["token_endpoint"], data=fields, auth=auth)

    def _claims(self, provider: _Known, tokens: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """What the provider has signed, when it holds here and now (Core 1.0, 3.1.3.7)."""
        text = tokens.get("id_token")
        if not isinstance(text, str):
            raise _refused("the provider has sent no id_token")
        registry = JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False)
        try:
            try:
                token = jwt.decode(text, key=provider.keys, registry=registry)
            except InvalidKeyIdError:  # it has changed its keys since
                token = jwt.decode(text, key=self._provider(anew=True).keys, registry=registry)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"values": [provider.metadata["issuer"]]}, "aud": {"values": [self._client_id]}},
                {"nonce": nonce, "client_id": self._client_id, "access_token": tokens.get("access_token")},
            )
            claims.validate(leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as cause:
            raise _refused("what the provider says of you cannot be believed") from cause
        return dict(claims)

    def _about(
        self, provider: _Known, tokens: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What the provider says of the person only when asked (Core 1.0, 5.3)."""
        address, token = provider.metadata.get("userinfo_endpoint"), tokens.get("access_token")
        if not isinstance(address, str) or not isinstance(token, str):
            return {}
        about = _asked("GET", address, headers={"Authorization": f"Bearer {token}"})
        return about if about.get("sub") == claims.get("sub") else {}

    def _provider(self, *, anew: bool = False) -> _Known:
        with self._lock:
            known = self._known
            if time.monotonic() < self._resting:
                raise _away("does not answer as it should")
            if anew or known is None or time.monotonic() - known.since > _FRESH:
                # Otherwise all who wait here would wait for it one after the other.
                self._resting = time.monotonic() + _SECONDS + _RESTS
                metadata = _asked("GET", self._issuer + _DISCOVERY)
                _check_metadata(metadata, self._issuer)
                known = self._known = _Known(metadata, _key_set(_asked("GET", metadata["jwks_uri"])))
                self._resting = 0.0
            return known


def _check_metadata(metadata: Mapping[str, Any], issuer: str) -> None:
    """OpenID Connect Discovery 1.0, 4.3: who answers is who was asked, and tells what is needed."""
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if str(metadata.get("issuer", "")).rstrip("/") != issuer:
        raise _away("calls itself by another name")
    addresses = [str(metadata.get(name, "")) for name in needed]
    if not all(_ADDRESS.fullmatch(address) for address in addresses):
        raise _away("does not say where it can be asked")


def _key_set(keys: Mapping[str, Any]) -> KeySet:
    try:
        return KeySet.import_key_set({"keys": keys["keys"]})
    except (JoseError, ValueError, TypeError, KeyError) as cause:
        raise _away("has no keys that can be read") from cause


def _asked(method: str, address: str, **options: Any) -> Mapping[str, Any]:
    """The JSON object that the provider answers. Raises Busy, and Unauthenticated where it refuses."""
    end = time.monotonic() + _SECONDS
    body = bytearray()
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False) as client,
            client.stream(method, address, **options) as response,
        ):
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _MOST_BYTES or time.monotonic() > end:
                    raise _away("sends too much, or too slowly")
        if 400 <= response.status_code < 500:
            _log.warning("the OpenID provider refuses: %s", _reason(response.status_code, body))
            raise _refused(f"the provider refuses the log-in (status {response.status_code})")
        if response.status_code != 200:
            raise _away(f"answers with the status {response.status_code}")
        told = json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as cause:
        raise _away("does not answer as it should") from cause
    if not isinstance(told, dict):
        raise _away("does not answer as it should")
    return told


def _reason(status: int, body: bytearray) -> str:
    """Why, as a provider says it (RFC 6749, 5.2), for the operator: often a wrong client or secret."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    words = [told.get(name) for name in ("error", "error_description")] if isinstance(told, dict) else []
    return ": ".join([f"status {status}", *(word[:200] for word in words if isinstance(word, str))])


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip()[:500] if isinstance(value, str) else ""


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(why, hint="begin again at /login")


def _away(what: str) -> Busy:
    return Busy(f"the provider of the log-in {what}", retry_after=60, hint="log in with your password")
