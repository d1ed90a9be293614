-- Keywords of FITS headers that no published column holds, one row for every file (archive.store.keyword_index).
-- Texts, whole numbers and logical values are indexed; numbers with a fraction are only looked up, since nobody
-- searches for an equal one. The table is in no catalogue: queries reach it by these functions alone. Keywords are
-- hidden like the row that tells of the file (archive.query.hiding), by the last two columns.

CREATE TABLE IF NOT EXISTS adql.header_keywords (
    dp_id text PRIMARY KEY, words jsonb NOT NULL, fractions jsonb NOT NULL,
    hidden_until timestamptz, hidden_for text);
CREATE INDEX IF NOT EXISTS header_keywords_words ON adql.header_keywords USING gin (words jsonb_path_ops);
CREATE INDEX IF NOT EXISTS header_keywords_hidden ON adql.header_keywords (hidden_for, hidden_until)
    WHERE hidden_until IS NOT NULL;

-- "hierarch eso  ins mode" and "ESO INS MODE" are one keyword.
CREATE OR REPLACE FUNCTION adql.keyword_name(keyword text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(regexp_replace(upper(btrim(keyword)), '\s+', ' ', 'g'), '^HIERARCH ', '');

-- As text; T and F stand for the logical values, as in a header. The keyword is written as keyword_name does: for
-- one written out in a query that is done once, not for each row.
CREATE OR REPLACE FUNCTION adql.keyword(file text, keyword text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 500
RETURN (
    SELECT CASE found.value WHEN 'true'::jsonb THEN 'T' WHEN 'false'::jsonb THEN 'F'
           ELSE found.value #>> '{}' END
    FROM (SELECT coalesce(words -> keyword, fractions -> keyword) AS value
          FROM adql.header_keywords
          WHERE dp_id = file AND (hidden_until IS NULL OR adql.is_shown(hidden_until, hidden_for))) AS found);

-- A number, also one written in quotes; NULL for anything else.
CREATE OR REPLACE FUNCTION adql.keyword_number(file text, keyword text) RETURNS float8
LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 500
RETURN (
    SELECT CASE jsonb_typeof(found.value)
        WHEN 'number' THEN found.value::float8
        WHEN 'string' THEN
            CASE WHEN found.value #>> '{}'
                 ~ '^\s*[-+]?([0-9]{1,200}(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?\s*$'
            THEN (found.value #>> '{}')::float8 END END
    FROM (SELECT coalesce(words -> keyword, fractions -> keyword) AS value
          FROM adql.header_keywords
          WHERE dp_id = file AND (hidden_until IS NULL OR adql.is_shown(hidden_until, hidden_for))) AS found);

-- The files in which a keyword has this value: what the index is for. A value that looks like a whole number or
-- a logical value is also looked for as such. Not STRICT, so that the planner sees what is asked.
CREATE OR REPLACE FUNCTION adql.files_with(keyword text, value text) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT dp_id FROM adql.header_keywords
    WHERE (hidden_until IS NULL OR adql.is_shown(hidden_until, hidden_for)) AND (
       words @> jsonb_build_object(adql.keyword_name(keyword), btrim(value))
       OR words @> jsonb_build_object(
            adql.keyword_name(keyword),
            CASE WHEN value ~ '^\s*[-+]?[0-9]{1,18}(\.0*)?\s*$' THEN value::numeric::bigint END)
       OR words @> jsonb_build_object(
            adql.keyword_name(keyword), CASE btrim(value) WHEN 'T' THEN true WHEN 'F' THEN false END))
$$;
