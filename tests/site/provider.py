"""A small OpenID Connect provider: discovery, keys, the code flow with PKCE, userinfo.

It is the other party of the tests of `/login/oidc`, and checks what a provider checks. Whoever comes to its
page of log-in is let in at once as `person`; `lie` makes it give answers that must not be believed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["CLIENT", "SECRET", "Provider"]

CLIENT, SECRET = "uraniborg", "a secret: with % and +"

Claims = dict[str, Any]


@dataclass
class Provider:
    issuer: str
    person: Claims = field(default_factory=lambda: {"sub": "248289761001"})
    about: Claims = field(default_factory=dict)  # what userinfo says besides
    lie: Callable[[Claims], Claims] | None = None
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)}))
    signing: RSAKey | None = None  # another key than the published one
    algorithm: str = "RS256"
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, Claims] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    def change_key(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)})

    async def _metadata(self, _request: Request) -> Response:
        self.asked.append("metadata")
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }
        )

    async def _keys(self, _request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse({"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": "RS256"}]})

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        assert "openid" in asked["scope"].split() and asked["code_challenge_method"] == "S256"
        assert asked["state"] and asked["nonce"]
        code = secrets.token_urlsafe(16)
        self._codes[code] = dict(asked)
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return Response(status_code=302, headers={"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"})

    async def _token(self, request: Request) -> Response:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        form = await request.form()
        asked = self._codes.pop(str(form["code"]), None)  # a code is good for once
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        if (
            asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        claims = self.lie(claims) if self.lie is not None else claims
        key = self.signing or self.key
        header = {"alg": self.algorithm, "kid": key.as_dict()["kid"]}
        token = jwt.encode(header, claims, key, algorithms=[self.algorithm])
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": token})

    async def _userinfo(self, request: Request) -> Response:
        self.asked.append("userinfo")
        assert request.headers["authorization"] == "Bearer at"
        return JSONResponse({"sub": self.person["sub"], **self.about})
