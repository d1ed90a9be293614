-- Texts that hold something: angles, lists, identifiers, coverage maps.

-- 'a:b:c', 'aXbmcs' with X the letter given, or six digits and a fraction, as degrees or hours; NULL for others.
CREATE OR REPLACE FUNCTION adql.sexagesimal(value text, letter text) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    first text := CASE letter WHEN 'h' THEN '([0-9]{1,2})' ELSE '([-+]?[0-9]{1,3})' END;
    short text := CASE letter WHEN 'h' THEN '([0-9]{2})' ELSE '([-+]?[0-9]{2,3})' END;
    second text := '([0-9]{1,2}(?:\.[0-9]*)?)';
    parts text[] := coalesce(
        regexp_match(value, format('^\s*%s:([0-9]{1,2}):%s\s*$', first, second)),
        regexp_match(value, format('^\s*%s%s([0-9]{1,2})m%ss\s*$', first, letter, second), 'i'),
        regexp_match(value, format('^\s*%s([0-9]{2})([0-9]{2}(?:\.[0-9]*)?)\s*$', short)));
    whole float8 := abs(parts[1]::float8);
    minutes float8 := parts[2]::float8;
    seconds float8 := parts[3]::float8;
BEGIN
    IF minutes >= 60 OR seconds >= 60 OR whole > 360 OR (letter = 'h' AND whole >= 24) THEN
        RETURN NULL;
    END IF;
    RETURN (whole + minutes / 60 + seconds / 3600) * CASE WHEN parts[1] LIKE '-%' THEN -1 ELSE 1 END;
END $$;

CREATE OR REPLACE FUNCTION adql.hashlist_has(hashlist text, item text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(item) = ANY (string_to_array(lower(hashlist), '#'));

-- RFC 3986, 3.2: what stands between // and the path, query or fragment.
CREATE OR REPLACE FUNCTION adql.authority(identifier text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN substring(identifier from '^\s*[A-Za-z][A-Za-z0-9+.-]*://([^/?#]+)');

-- RFC 3986, 2.3: all but the unreserved characters as %XX, byte by byte in UTF-8.
CREATE OR REPLACE FUNCTION adql.url_escaped(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 200
RETURN (
    SELECT coalesce(string_agg(
        CASE WHEN c ~ '^[A-Za-z0-9._~-]$' THEN c
             ELSE upper(regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g')) END,
        '' ORDER BY i), '')
    FROM regexp_split_to_table(value, '') WITH ORDINALITY AS characters (c, i));

-- Q3C's pixel: six faces of a cube with 2^30 by 2^30 pixels each, their bits interleaved. NULL for no position.
CREATE OR REPLACE FUNCTION adql.q3c_pixel(longitude float8, latitude float8) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100 AS $$
DECLARE
    side constant bigint := 1073741824;
    ra float8 := adql.turned(longitude);
    face integer;
    x float8; y float8; slope float8;
    column_ bigint; row_ bigint; pixel bigint;
BEGIN
    IF adql.point(longitude, latitude) IS NULL THEN
        RETURN NULL;
    END IF;
    face := mod(floor((ra + 45) / 90)::integer, 4);
    x := tan(radians(ra - 90 * face));
    slope := tan(radians(latitude));
    y := slope / cos(radians(ra - 90 * face));
    IF abs(y) > 1 THEN
        face := CASE WHEN y > 1 THEN 0 ELSE 5 END;
        x := sin(radians(ra)) / abs(slope);
        y := -cos(radians(ra)) / slope;
    ELSE
        face := face + 1;
    END IF;
    column_ := least(floor((x + 1) / 2 * side)::bigint, side - 1);
    row_ := least(floor((y + 1) / 2 * side)::bigint, side - 1);
    pixel := face * side * side;
    FOR bit IN 0..29 LOOP
        pixel := pixel | (((column_ >> bit) & 1) << (2 * bit)) | (((row_ >> bit) & 1) << (2 * bit + 1));
    END LOOP;
    RETURN pixel;
END $$;

-- A coverage map in the text of MOC 2.0, 4.3.2 (ASCII MOC); NULL for any other text. All is looked at before
-- pg_sphere reads it, since its error would end the query.
CREATE OR REPLACE FUNCTION adql.moc(value text) RETURNS public.smoc
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    word text;
    level integer;
    cells numeric[];
    cleaned text := '';
BEGIN
    IF value !~ '^\s*([0-9]{1,2}/[0-9,\s-]*)*\s*$' OR value ~ '[0-9]{20}' THEN
        RETURN NULL;
    END IF;
    FOREACH word IN ARRAY regexp_split_to_array(
        btrim(regexp_replace(value, '([0-9]+)/', ' \1/ ', 'g'), E' \t\r\n\f'), '[\s,]+')
    LOOP
        CONTINUE WHEN word = '';
        IF word LIKE '%/' THEN
            level := rtrim(word, '/')::integer;
            IF level > 29 THEN
                RETURN NULL;
            END IF;
            cleaned := cleaned || ' ' || word;
        ELSIF word ~ '^[0-9]+(-[0-9]+)?$' AND level IS NOT NULL THEN
            cells := string_to_array(word, '-')::numeric[];
            IF cells[1] >= 12 * 4::numeric ^ level OR cells[2] >= 12 * 4::numeric ^ level
               OR cells[2] < cells[1] THEN
                RETURN NULL;
            END IF;
            cleaned := cleaned || CASE WHEN cleaned LIKE '%/' THEN '' ELSE ',' END || word;
        ELSE
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN cleaned::public.smoc;
END $$;

-- The place that was found under a name.
CREATE OR REPLACE FUNCTION adql.known(place float8[], name text) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF place IS NULL THEN
        RAISE EXCEPTION 'no object is known here as %', quote_literal(name) USING ERRCODE = 'data_exception';
    END IF;
    RETURN place;
END $$;

-- A name as the end of an address: what RFC 3986, 3.3 does not allow there as %XX, like archive.declare.addresses.
CREATE OR REPLACE FUNCTION adql.in_path(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN name !~ '[^A-Za-z0-9_.~:@,;()$!*-]' THEN name ELSE (
    SELECT string_agg(CASE WHEN letter ~ '[A-Za-z0-9_.~:@,;()$!*-]' THEN letter
        ELSE regexp_replace(upper(encode(convert_to(letter, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY n)
    FROM unnest(string_to_array(name, NULL)) WITH ORDINALITY AS letters (letter, n)) END;
