"""The tables of rights in schema `archive`, which no query sees: who has rights on what, and until when.

What they mean, and how dates come about, belongs to `archive.access`.
"""

from __future__ import annotations

__all__ = ["TABLES"]

# `run_right`: `key` is a run or a programme; rows are never removed, so that they tell who had rights when.
# `right_refusal`: who has none on a programme although its proposal names him, by account or by what proves
# him to be the one that is named.
# `file_right` has every file that rows show, every file of the sky, and those that were protected one by one:
# `runs` as its header names them, `run_id` the one key by which it is protected (see `key_of`),
# `release_date` NULL when nothing ever protected it: then it was public when it `arrived`. `is_open` is what
# the published columns say of it. `file_right_version`: which of the rules the rows were derived by.
# `input_run`: of which runs an input of a plugin tells by rows that may be hidden; `hiding`: how rows were
# hidden when it was last seen to that all are that should be. `protection` are the exceptions; kind `archive`
# is the rule for whatever has none.
TABLES = """
CREATE TABLE IF NOT EXISTS archive.run_right (
    right_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL, key text NOT NULL,
    kind text NOT NULL, granted_by text NOT NULL, granted_at timestamptz NOT NULL DEFAULT now(),
    expires timestamptz, revoked_at timestamptz, revoked_by text);
CREATE INDEX IF NOT EXISTS run_right_account ON archive.run_right (account) WHERE revoked_at IS NULL;
CREATE INDEX IF NOT EXISTS run_right_key ON archive.run_right (key);
CREATE TABLE IF NOT EXISTS archive.right_refusal (
    key text NOT NULL, account text NOT NULL, email text, orcid text, refused_by text NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS right_refusal_key ON archive.right_refusal (key);
CREATE TABLE IF NOT EXISTS archive.file_right (
    dp_id text PRIMARY KEY, runs text[] NOT NULL, run_id text NOT NULL, programme_id text,
    arrived timestamptz NOT NULL, release_date timestamptz, hidden_until timestamptz,
    is_open boolean NOT NULL);
CREATE INDEX IF NOT EXISTS file_right_runs ON archive.file_right USING gin (runs);
CREATE INDEX IF NOT EXISTS file_right_programme ON archive.file_right (programme_id, release_date);
CREATE INDEX IF NOT EXISTS file_right_hidden ON archive.file_right (programme_id, run_id)
    WHERE hidden_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS file_right_closed ON archive.file_right (release_date) WHERE NOT is_open;
CREATE TABLE IF NOT EXISTS archive.file_right_version (version integer NOT NULL);
CREATE TABLE IF NOT EXISTS archive.protection (
    kind text NOT NULL, key text NOT NULL, release_date timestamptz, proprietary_days integer,
    hidden_until timestamptz, reason text NOT NULL, set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS archive.input_run (
    input_id text NOT NULL, run text NOT NULL, PRIMARY KEY (input_id, run));
CREATE INDEX IF NOT EXISTS input_run_run ON archive.input_run (run);
CREATE TABLE IF NOT EXISTS archive.hiding (mark text NOT NULL);
CREATE OR REPLACE FUNCTION archive.programme_of(run text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(substring(run FROM '^(.+)\\([A-Z][A-Za-z/]*\\)$'),
        substring(run FROM '^([0-9]{3}\\.[0-9A-Z]{4})\\.[0-9A-Z]{3}$'), run)
$$;
CREATE INDEX IF NOT EXISTS protection_programme ON archive.protection (archive.programme_of(key))
    WHERE kind = 'run';
CREATE OR REPLACE FUNCTION archive.runs_of(written text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(DISTINCT btrim(one) ORDER BY btrim(one)) FILTER (WHERE btrim(one) <> ''), '{}')
    FROM unnest(string_to_array(written, ',')) AS one
$$;
CREATE OR REPLACE FUNCTION archive.run_named(words jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(nullif(words ->> 'PROG_ID', 'MULTI'),
        (SELECT string_agg(value, ',') FROM jsonb_each_text(words) WHERE key ~ '^PROG_?ID[0-9]+$'),
        words ->> 'ESO OBS PROG ID')
$$;
CREATE OR REPLACE FUNCTION archive.key_of(runs text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cardinality(runs) < 2 THEN coalesce(runs[1], '')
        WHEN count(DISTINCT archive.programme_of(one)) = 1 THEN min(archive.programme_of(one))
        ELSE array_to_string(runs, ',') END
    FROM unnest(runs) AS one
$$;
CREATE OR REPLACE FUNCTION archive.embargo_of(runs text[]) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT max(coalesce(of_run.hidden_until, of_programme.hidden_until)) FROM unnest(runs) AS one
    LEFT JOIN archive.protection AS of_run ON of_run.kind = 'run' AND of_run.key = one
    LEFT JOIN archive.protection AS of_programme
        ON of_programme.kind = 'programme' AND of_programme.key = archive.programme_of(one)
$$;
"""
