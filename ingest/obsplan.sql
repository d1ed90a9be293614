-- What is known of each of the observation blocks, under the names of the fields of obsplan_rows.Block.
-- Blocks of which only executions are known have a row too.
WITH chosen AS (
    SELECT unnest(%(blocks)s::bigint[]) AS ob_id
)
SELECT
    chosen.ob_id,
    ob.ob_status AS status,
    ob.target_name AS target,
    ob.target_ra AS ra,
    ob.target_dec AS dec,
    obscore.diameter,
    obscore.em_min,
    obscore.em_max,
    obscore.collection,
    coalesce(last.telescope, p2_run.telescope, run.telescope, raw.telescope) AS telescope,
    coalesce(ob.instrument, last.instrument, p2_run.instrument, run.instrument) AS instrument,
    nullif(ob.exposure_time, 0) AS exposure,
    ob.execution_time AS duration,
    slot.start_time AS slot_start,
    slot.end_time AS slot_end,
    coalesce(slot.slot_mode LIKE '%%Visitor', false) AS is_visitor,
    coalesce(container.item_type IN ('Concatenation', 'TimeLink'), false)
        OR coalesce(run.is_too OR run.run_type LIKE '%%ToO%%', false)
        OR EXISTS (
            SELECT FROM dfs.ob_time_interval AS span
            WHERE span.ob_id = chosen.ob_id AND span.interval_type = 'absolute'
        ) AS is_bound,
    coalesce(slot.telescopes LIKE '%% %%', false)
        OR coalesce(last.telescope, p2_run.telescope, run.telescope, '') LIKE '%%VLTI%%' AS is_joint,
    coalesce(ob.differential_ra, 0) <> 0 OR coalesce(ob.differential_dec, 0) <> 0
        OR EXISTS (
            SELECT FROM dfs.ob_file AS file
            WHERE file.ob_id = chosen.ob_id AND file.file_type = 'ephemeris'
        ) AS is_moving,
    outcome.priority_class,
    raw.first_start,
    raw.last_end,
    raw.seconds_taken
FROM chosen
LEFT JOIN dfs.ob AS ob USING (ob_id)
LEFT JOIN LATERAL (
    SELECT telescope, instrument, run_id, p2_run_id FROM dfs.execution
    WHERE execution.ob_id = chosen.ob_id ORDER BY start_time DESC LIMIT 1
) AS last ON true
LEFT JOIN dfs.p2_run AS p2_run ON p2_run.p2_run_id = coalesce(ob.p2_run_id, last.p2_run_id)
LEFT JOIN LATERAL (
    SELECT coalesce(ob.run_id, p2_run.run_id, last.run_id) AS run_id
) AS of ON true
LEFT JOIN LATERAL (
    SELECT telescope, instrument, is_too, run_type FROM dfs.run WHERE run.run_id = of.run_id LIMIT 1
) AS run ON true
LEFT JOIN dfs.container AS container ON container.container_id = ob.container_id
LEFT JOIN dfs.outcome AS outcome ON outcome.run_id = of.run_id
LEFT JOIN LATERAL (
    SELECT start_time, end_time, slot_mode, telescopes FROM dfs.time_slot
    WHERE time_slot.run_id = of.run_id AND end_time > %(moment)s ORDER BY start_time LIMIT 1
) AS slot ON true
LEFT JOIN LATERAL (
    SELECT
        min(raw.exp_start) AS first_start,
        max(raw.exp_start + make_interval(secs => coalesce(raw.exposure, 0))) AS last_end,
        sum(raw.exposure)::double precision AS seconds_taken,
        min(raw.telescope) AS telescope
    FROM dbo.raw AS raw
    WHERE raw.ob_id = chosen.ob_id AND raw.dp_cat = 'SCIENCE'
) AS raw ON true
LEFT JOIN LATERAL (
    SELECT
        min(em_min) AS em_min, max(em_max) AS em_max, max(s_fov) AS diameter, min(obs_collection) AS collection
    FROM ivoa.obscore WHERE obscore.obs_id = chosen.ob_id::text
) AS obscore ON true
