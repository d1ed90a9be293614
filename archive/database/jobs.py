"""The tables of the job queue in schema `archive`, and the trigger that tells every process of a new phase.

What a phase means and who may change it belongs to `archive.protocol.uws`.
"""

from __future__ import annotations

__all__ = ["CHANNEL", "TABLES", "WORKER_LOCKS"]

CHANNEL = "uraniborg_job"  # of NOTIFY: "id PHASE"
WORKER_LOCKS = 77  # first key of the advisory lock that each worker holds as long as it lives

# `number` is the private sequence that orders jobs. `place` is the folder of results (a random name of its
# own, as it may be mounted elsewhere on other machines), `share` whom the queue is fair to, `scopes`
# how far the token of the owner went. Each execution of a job is told by `worker` and `attempt`; `losses`
# counts those whose worker died. `given` and `written` are the bytes of what came with the job and of its
# results. Parameters and the like are json and not jsonb, which cannot hold a NUL that somebody sent.
TABLES = f"""
CREATE SEQUENCE IF NOT EXISTS archive.worker_number AS integer CYCLE;
CREATE TABLE IF NOT EXISTS archive.job (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job_id text NOT NULL UNIQUE, kind text NOT NULL,
    place text NOT NULL, owner text NOT NULL, scopes text[] NOT NULL DEFAULT '{{}}', share text NOT NULL,
    run_id text NOT NULL, phase text NOT NULL, parameters json NOT NULL, files json NOT NULL,
    given bigint NOT NULL, written bigint NOT NULL DEFAULT 0, execution_seconds integer NOT NULL,
    created timestamptz NOT NULL, queued timestamptz, started timestamptz, ended timestamptz,
    destruction timestamptz NOT NULL, worker integer, attempt integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0, error text, transient boolean NOT NULL DEFAULT false,
    results json NOT NULL DEFAULT '[]');
CREATE INDEX IF NOT EXISTS job_owner ON archive.job (owner, number);
CREATE INDEX IF NOT EXISTS job_active ON archive.job (phase) WHERE phase IN ('QUEUED', 'EXECUTING');
CREATE INDEX IF NOT EXISTS job_destruction ON archive.job (destruction);
CREATE OR REPLACE FUNCTION archive.tell_phase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM pg_notify('{CHANNEL}', OLD.job_id || ' DELETED');
    ELSE
        PERFORM pg_notify('{CHANNEL}', NEW.job_id || ' ' || NEW.phase);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER tell_phase AFTER INSERT OR DELETE OR UPDATE OF phase ON archive.job
    FOR EACH ROW EXECUTE FUNCTION archive.tell_phase();
"""
