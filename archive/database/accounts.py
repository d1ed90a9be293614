"""The tables of accounts, their tokens and their failures to log in, in schema `archive`.

What they mean, and who may change them, belongs to `archive.access`.
"""

from __future__ import annotations

__all__ = ["TABLES"]

# `email` is kept in small letters; it counts for anything only once `email_verified_at` is set, and belongs
# to one account then. Names are never given away again, so a removed account stays as a row without a person.
# Of tokens and of what is sent by mail only SHA-256 is kept: they are random, and so need no salt. A
# `family` are the tokens that one log-in led to; `used_at` is when a refresh token was exchanged.
TABLES = """
CREATE TABLE IF NOT EXISTS archive.account (
    name text PRIMARY KEY, email text, email_verified_at timestamptz, password text,
    full_name text NOT NULL DEFAULT '', institute text NOT NULL DEFAULT '', orcid text,
    roles text[] NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz, removed_at timestamptz);
CREATE UNIQUE INDEX IF NOT EXISTS account_email ON archive.account (email)
    WHERE email_verified_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS account_orcid ON archive.account (orcid) WHERE orcid IS NOT NULL;
CREATE TABLE IF NOT EXISTS archive.account_identity (
    issuer text NOT NULL, subject text NOT NULL, account text NOT NULL REFERENCES archive.account,
    since timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (issuer, subject));
CREATE INDEX IF NOT EXISTS account_identity_account ON archive.account_identity (account);
CREATE TABLE IF NOT EXISTS archive.token (
    digest bytea PRIMARY KEY, token_id text NOT NULL UNIQUE,
    account text NOT NULL REFERENCES archive.account, kind text NOT NULL, family text NOT NULL,
    scopes text[] NOT NULL, note text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL, used_at timestamptz, revoked_at timestamptz, last_used_at timestamptz);
CREATE INDEX IF NOT EXISTS token_account ON archive.token (account);
CREATE INDEX IF NOT EXISTS token_family ON archive.token (family);
CREATE INDEX IF NOT EXISTS token_expires ON archive.token (expires_at);
CREATE TABLE IF NOT EXISTS archive.mail_token (
    digest bytea PRIMARY KEY, account text NOT NULL REFERENCES archive.account, purpose text NOT NULL,
    email text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS mail_token_account ON archive.mail_token (account);
CREATE INDEX IF NOT EXISTS mail_token_email ON archive.mail_token (email);
CREATE TABLE IF NOT EXISTS archive.login_failure (
    subject text PRIMARY KEY, failures integer NOT NULL, last_at timestamptz NOT NULL,
    locked_until timestamptz);
CREATE INDEX IF NOT EXISTS login_failure_last ON archive.login_failure (last_at);
"""
