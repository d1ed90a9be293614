-- The archive's own functions in the database; executed at every start, so that everything here may run twice.
-- Names are qualified, and bodies bound when they are made, because indexes and maintenance run them under
-- any search_path. Degrees outside, radians only where pg_sphere is called.

CREATE SCHEMA IF NOT EXISTS adql;

-- ------------------------------------------------------------------------------------------------ positions

-- Positions are indexed by exactly this expression (archive.query.storage.position_expression); it is inlined.
-- Without the bounds pg_sphere would wrap ESO's -596.5 for lamps to a real place. NaN is greater than all.
CREATE OR REPLACE FUNCTION adql.position(longitude float8, latitude float8) RETURNS public.spoint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN longitude >= -180 AND longitude <= 360 AND latitude >= -90 AND latitude <= 90
    THEN public.spoint(radians(longitude), radians(latitude)) END;

CREATE OR REPLACE FUNCTION adql.point(longitude float8, latitude float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN longitude >= -180 AND longitude <= 360 AND latitude >= -90 AND latitude <= 90
    THEN ARRAY[longitude, latitude] END;

CREATE OR REPLACE FUNCTION adql.position(point float8[]) RETURNS public.spoint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN adql.position(point[1], point[2]);

CREATE OR REPLACE FUNCTION adql.degrees(place public.spoint) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN place IS NOT NULL THEN ARRAY[degrees(public.long(place)), degrees(public.lat(place))] END;

-- ---------------------------------------------------------------------------------------------- hidden rows

-- Whether somebody sees a row that is hidden, or was (archive.query.hiding). Called of those alone, so that it
-- may be slow. PostgreSQL computes the cheapest of several conditions first: what a user wrote would fail for
-- hidden rows if this came behind it.
CREATE OR REPLACE FUNCTION adql.shown(until timestamptz, key text, keys text[]) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 0.0001 AS $$
BEGIN
    RETURN until <= now() OR key = ANY (keys);
END $$;

-- The same for whose transaction has the key in its setting, and for operators by their role: PostgreSQL's own
-- condition on rows, which for the same reason has to be the cheapest. Even what cannot fail for any row may tell
-- of one by what it is compared with: number > SQRT(RAND() - 2) fails as soon as there is a row.
CREATE OR REPLACE FUNCTION adql.is_shown(until timestamptz, key text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 0.0001 AS $$
BEGIN
    RETURN until <= now() OR key = ANY (nullif(current_setting('uraniborg.keys', true), '')::text[])
        OR current_user = 'archive_operator';
END $$;

-- ------------------------------------------------------------------------------------------------ intervals

DO $$ BEGIN
    IF to_regtype('adql.span') IS NULL THEN
        CREATE TYPE adql.span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
    END IF;
END $$;

-- Intervals are indexed by exactly this expression (archive.query.storage.span_expression); it is inlined.
CREATE OR REPLACE FUNCTION adql.extent(low float8, high float8) RETURNS adql.span
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN low <= high THEN adql.span(low, high, '[]') END;

-- -------------------------------------------------------------------------------------------------- circles

-- Never inlined, so that it can be marked as one that tells nothing of rows (archive.database.second_wall).
CREATE OR REPLACE FUNCTION adql.opposite(place public.spoint) RETURNS public.spoint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 AS $$
BEGIN
    RETURN public.spoint(public.long(place) + pi(), -public.lat(place));
END $$;

-- A cone of any radius is cap() together with beyond(): two circles that the index knows, covering it.
CREATE OR REPLACE FUNCTION adql.cap(centre public.spoint, radius float8) RETURNS public.scircle
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN radius >= 0 AND radius < 'infinity' THEN public.scircle(centre, radians(least(radius, 90))) END;

CREATE OR REPLACE FUNCTION adql.beyond(centre public.spoint, radius float8) RETURNS public.scircle
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN radius > 90 AND radius < 'infinity' THEN
    public.scircle(adql.opposite(centre), radians(90)) END;

CREATE OR REPLACE FUNCTION adql.circle_numbers(centre float8[], radius float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN centre IS NOT NULL AND radius >= 0 AND radius < 'infinity'
    THEN ARRAY[centre[1], centre[2], radius] END;

-- 4 pi sin^2(r/2): 2 pi (1 - cos r) has no digits left for small circles.
CREATE OR REPLACE FUNCTION adql.circle_area(radius float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN radius >= 0 AND radius < 'infinity'
    THEN degrees(degrees(4 * pi() * power(sin(radians(least(radius, 180)) / 2), 2))) END;

-- The distance from the edge of something, of which nothing inside is away. (greatest() would overlook NULL.)
CREATE OR REPLACE FUNCTION adql.outside(distance float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN distance < 0 THEN 0 ELSE distance END;

-- ------------------------------------------------------------------------------------------------- polygons

-- Longitudes and latitudes by turns; a closing vertex may repeat the first. NULL where that is no polygon: a
-- column holds whatever was loaded, and one bad outline must not stop a query.
CREATE OR REPLACE FUNCTION adql.polygon(numbers float8[]) RETURNS public.spoly
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    vertices text := '';
    i integer := 1;
BEGIN
    IF cardinality(numbers) < 6 OR cardinality(numbers) % 2 = 1 THEN
        RETURN NULL;
    END IF;
    WHILE i < cardinality(numbers) LOOP
        IF adql.position(numbers[i], numbers[i + 1]) IS NULL THEN
            RETURN NULL;
        END IF;
        vertices := vertices || format(',(%sd,%sd)', numbers[i], numbers[i + 1]);
        i := i + 2;
    END LOOP;
    RETURN ('{' || substr(vertices, 2) || '}')::public.spoly;
EXCEPTION WHEN internal_error OR data_exception THEN
    RETURN NULL;
END $$;

-- Those of three or more points; NULL when one is missing.
CREATE OR REPLACE FUNCTION adql.joined(VARIADIC points float8[]) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN array_position(points, NULL) IS NULL THEN points END;

-- The corners of ADQL's BOX, counter-clockwise as seen from inside, as DALI 1.2, 3.3.6 has it.
CREATE OR REPLACE FUNCTION adql.box(longitude float8, latitude float8, width float8, height float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    corners float8[] := '{}';
    half float8 := radians(width / 2);
    rise float8 := atan(tan(radians(height / 2)) * cos(half));
    dec float8 := radians(latitude);
    corner integer[];
    x float8; y float8; z float8;
BEGIN
    IF adql.position(longitude, latitude) IS NULL
       OR NOT (width > 0 AND width < 180 AND height > 0 AND height < 180) THEN
        RETURN NULL;
    END IF;
    FOREACH corner SLICE 1 IN ARRAY ARRAY[[-1, -1], [-1, 1], [1, 1], [1, -1]] LOOP
        x := cos(rise) * cos(half);
        y := cos(rise) * sin(half) * corner[1];
        z := sin(rise) * corner[2];
        corners := corners || ARRAY[
            adql.turned(longitude + degrees(atan2(y, x * cos(dec) - z * sin(dec)))),
            degrees(asin(greatest(-1, least(1, x * sin(dec) + z * cos(dec)))))];
    END LOOP;
    RETURN corners;
END $$;

-- A longitude as 0 to 360 degrees.
CREATE OR REPLACE FUNCTION adql.turned(longitude float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN longitude - 360 * floor(longitude / 360);

-- The vertices of a polygon; pg_sphere 1.2 gives them in its text only.
CREATE OR REPLACE FUNCTION adql.vertices(outline public.spoly) RETURNS public.spoint[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (
    SELECT array_agg((found[1])::public.spoint ORDER BY place)
    FROM regexp_matches(outline::text, '\([^()]*\)', 'g') WITH ORDINALITY AS matches (found, place));

CREATE OR REPLACE FUNCTION adql.vertices(numbers float8[]) RETURNS public.spoint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT array_agg(adql.position(numbers[i], numbers[i + 1]) ORDER BY i)
    FROM generate_series(1, cardinality(numbers) - 1, 2) AS i);

-- Twice the vector area of each edge's sector, and the signed area (in steradians) of each triangle from the
-- first vertex: sums of them are centroid and area, right for tiny outlines as well.
CREATE OR REPLACE FUNCTION adql.moments(vertices public.spoint[], OUT area float8, OUT x float8, OUT y float8,
                                        OUT z float8)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n integer := cardinality(vertices);
    p float8[]; q float8[]; first float8[];
    nx float8; ny float8; nz float8; length float8; angle float8;
BEGIN
    area := 0; x := 0; y := 0; z := 0;
    first := public.xyz(vertices[1]);
    FOR i IN 1..n LOOP
        p := public.xyz(vertices[i]);
        q := public.xyz(vertices[i % n + 1]);
        nx := p[2] * q[3] - p[3] * q[2];
        ny := p[3] * q[1] - p[1] * q[3];
        nz := p[1] * q[2] - p[2] * q[1];
        area := area + 2 * atan2(
            first[1] * nx + first[2] * ny + first[3] * nz,
            1 + first[1] * p[1] + first[2] * p[2] + first[3] * p[3] + p[1] * q[1] + p[2] * q[2] + p[3] * q[3]
              + q[1] * first[1] + q[2] * first[2] + q[3] * first[3]);
        length := sqrt(nx * nx + ny * ny + nz * nz);
        CONTINUE WHEN length = 0;
        angle := atan2(length, p[1] * q[1] + p[2] * q[2] + p[3] * q[3]) / length;
        x := x + nx * angle; y := y + ny * angle; z := z + nz * angle;
    END LOOP;
    -- The side meant is the smaller one, whichever way round the vertices go.
    IF area < 0 THEN
        area := -area; x := -x; y := -y; z := -z;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION adql.polygon_area(vertices public.spoint[]) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN degrees(degrees((adql.moments(vertices)).area));

CREATE OR REPLACE FUNCTION adql.direction(x float8, y float8, z float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN x <> 0 OR y <> 0 OR z <> 0 THEN
    ARRAY[adql.turned(degrees(atan2(y, x))), degrees(atan2(z, sqrt(x * x + y * y)))] END;

CREATE OR REPLACE FUNCTION adql.polygon_centroid(vertices public.spoint[]) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT adql.direction(m.x, m.y, m.z) FROM adql.moments(vertices) AS m);

-- The distance in degrees to the nearest point of a polygon.
CREATE OR REPLACE FUNCTION adql.polygon_distance(outline public.spoly, vertices public.spoint[],
                                                 place public.spoint)
RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n integer := cardinality(vertices);
    nearest float8 := 'infinity';
    s float8[] := public.xyz(place);
    p float8[]; q float8[]; normal float8[]; length float8; height float8;
BEGIN
    IF place OPERATOR(public.<@) outline THEN
        RETURN 0;
    END IF;
    FOR i IN 1..n LOOP
        p := public.xyz(vertices[i]);
        q := public.xyz(vertices[i % n + 1]);
        normal := ARRAY[p[2] * q[3] - p[3] * q[2], p[3] * q[1] - p[1] * q[3], p[1] * q[2] - p[2] * q[1]];
        length := sqrt(normal[1] ^ 2 + normal[2] ^ 2 + normal[3] ^ 2);
        nearest := least(nearest, place OPERATOR(public.<->) vertices[i]);
        CONTINUE WHEN length = 0;
        height := (normal[1] * s[1] + normal[2] * s[2] + normal[3] * s[3]) / length;
        -- The foot of the perpendicular lies on the edge when the place is between the planes at its ends.
        IF (normal[2] * p[3] - normal[3] * p[2]) * s[1] + (normal[3] * p[1] - normal[1] * p[3]) * s[2]
               + (normal[1] * p[2] - normal[2] * p[1]) * s[3] >= 0
           AND (q[2] * normal[3] - q[3] * normal[2]) * s[1] + (q[3] * normal[1] - q[1] * normal[3]) * s[2]
               + (q[1] * normal[2] - q[2] * normal[1]) * s[3] >= 0 THEN
            nearest := least(nearest, asin(least(1, abs(height))));
        END IF;
    END LOOP;
    RETURN degrees(nearest);
END $$;

-- ---------------------------------------------------------------------------------------------------- values

-- DALI 1.2, 3.3: numbers separated by blanks; NULL where the text is something else.
CREATE OR REPLACE FUNCTION adql.numbers(value text) RETURNS float8[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN value ~ '^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?(\s+[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?)*\s*$'
    THEN regexp_split_to_array(btrim(value, E' \t\r\n\f'), '\s+')::float8[] END;

-- In PostgreSQL's own spelling of a timestamp there is a blank where ISO 8601 and DALI 1.2, 3.3.4 have a T.
CREATE OR REPLACE FUNCTION adql.iso(value timestamp) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(value::text, ' ', 'T');

CREATE OR REPLACE FUNCTION adql.mjd(value timestamp) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN 40587 + extract(epoch FROM value)::float8 / 86400;

-- To the nearest integer, halves away from zero; PostgreSQL rounds halves to the even one.
CREATE OR REPLACE FUNCTION adql.round(value float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trunc(value) + CASE WHEN abs(value - trunc(value)) >= 0.5 THEN sign(value) ELSE 0 END;

-- A double as the decimal number that it is written as; the cast alone would keep 15 of its 17 digits.
CREATE OR REPLACE FUNCTION adql.decimal(value float8) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value::text::numeric;

CREATE OR REPLACE FUNCTION adql.decimal(value real) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value::text::numeric;

-- A number from 0 to 1, the same for the same seed.
CREATE OR REPLACE FUNCTION adql.rand(seed bigint) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (hashint8extended(seed, 1572) & 9007199254740991) / 9007199254740992.0::float8;

-- 'simple' knows no language: words are compared without regard to letter case, but never stemmed.
CREATE OR REPLACE FUNCTION adql.hasword(haystack text, needle text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsvector('pg_catalog.simple'::regconfig, haystack)
    @@ plainto_tsquery('pg_catalog.simple'::regconfig, needle);
