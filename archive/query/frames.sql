-- Shapes in other reference frames: rotations, by matrices that archive.query.frames gives, row by row.

-- Longitudes and latitudes by turns, in degrees; NULL where one of them is no place.
CREATE OR REPLACE FUNCTION adql.rotated(numbers float8[], matrix float8[]) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 30 AS $$
DECLARE
    turned float8[] := '{}';
    i integer := 1;
    d float8; x float8; y float8; z float8; u float8; v float8; w float8;
BEGIN
    WHILE i < cardinality(numbers) LOOP
        IF adql.point(numbers[i], numbers[i + 1]) IS NULL THEN
            RETURN NULL;
        END IF;
        d := radians(numbers[i + 1]);
        x := cos(d) * cos(radians(numbers[i]));
        y := cos(d) * sin(radians(numbers[i]));
        z := sin(d);
        u := matrix[1] * x + matrix[2] * y + matrix[3] * z;
        v := matrix[4] * x + matrix[5] * y + matrix[6] * z;
        w := matrix[7] * x + matrix[8] * y + matrix[9] * z;
        turned := turned || adql.turned(degrees(atan2(v, u))) || degrees(atan2(w, sqrt(u * u + v * v)));
        i := i + 2;
    END LOOP;
    RETURN CASE WHEN i > 1 THEN turned END;
END $$;

CREATE OR REPLACE FUNCTION adql.rotated_circle(numbers float8[], matrix float8[]) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 30 AS $$
BEGIN
    RETURN CASE WHEN numbers[3] >= 0 THEN adql.rotated(numbers[1:2], matrix) || numbers[3] END;
END $$;

-- A stored region's text, which is STC-S in ICRS (archive.declare.regions), in another frame; NULL for what is
-- written otherwise, and for a BOX, whose sides would no longer lie along the axes.
CREATE OR REPLACE FUNCTION adql.rotated_region(value text, matrix float8[], frame text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    number text := '[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?';
    shape text[];
    n float8[]; turned float8[];
    shapes text[] := '{}';
BEGIN
    IF value ~* '\m(galactic|galactic_ii|ecliptic|fk4|b1950|box)\M' THEN
        RETURN NULL;
    END IF;
    FOR shape IN SELECT regexp_matches(value, format(
        '\m(position|circle|polygon)\M(?:\s+[a-z][a-z0-9_]*)*((?:[\s,]+%s)+)', number), 'gi')
    LOOP
        n := regexp_split_to_array(btrim(shape[2], E', \t\r\n\f'), '[\s,]+')::float8[];
        turned := CASE lower(shape[1]) WHEN 'circle' THEN adql.rotated_circle(n, matrix)
                                       ELSE adql.rotated(n, matrix) END;
        IF turned IS NULL THEN
            RETURN NULL;
        END IF;
        shapes := shapes || (upper(shape[1]) || CASE WHEN value ~* '\munion\M' THEN ' ' ELSE ' ' || frame || ' ' END
            || array_to_string(turned, ' '));
    END LOOP;
    RETURN CASE WHEN value ~* '\munion\M' AND shapes <> '{}'
        THEN 'UNION ' || frame || ' (' || array_to_string(shapes, ' ') || ')' ELSE shapes[1] END;
END $$;
