-- Functions of many rows.

-- Counts of values below `low` (or not known), in each bin, and from `high` on: bins + 2 of them, four bytes
-- each. As an integer array they would be taken apart and put together again for every row.
CREATE OR REPLACE FUNCTION adql.counted(counts bytea, value float8, low float8, high float8, bins integer)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    place integer := 4 * CASE WHEN value IS NULL OR value = 'NaN' THEN 0
                              ELSE width_bucket(value, low, high, bins) END + 3;
BEGIN
    IF counts IS NULL THEN
        counts := decode(repeat('00000000', bins + 2), 'hex');
    END IF;
    WHILE get_byte(counts, place) = 255 LOOP
        counts := set_byte(counts, place, 0);
        place := place - 1;
    END LOOP;
    RETURN set_byte(counts, place, get_byte(counts, place) + 1);
END $$;

CREATE OR REPLACE FUNCTION adql.counts(counts bytea) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT array_agg(((get_byte(counts, i)::bigint << 24) | (get_byte(counts, i + 1) << 16)
                      | (get_byte(counts, i + 2) << 8) | get_byte(counts, i + 3))::integer ORDER BY i)
    FROM generate_series(0, length(counts) - 4, 4) AS i);

CREATE OR REPLACE FUNCTION adql.added(counts bytea, more bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN counts IS NULL THEN more WHEN more IS NULL THEN counts ELSE (
    SELECT string_agg(int4send(a + b), '' ORDER BY i)
    FROM unnest(adql.counts(counts), adql.counts(more)) WITH ORDINALITY AS pairs (a, b, i)) END;

CREATE OR REPLACE AGGREGATE adql.histogram(value float8, low float8, high float8, bins integer) (
    SFUNC = adql.counted, STYPE = bytea, FINALFUNC = adql.counts, COMBINEFUNC = adql.added, PARALLEL = SAFE);
