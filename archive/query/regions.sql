-- Regions in the database: stored ones, which are their parts (points, circles and polygons, NULL where there are
-- none of a sort), and circles whose radius only the row knows. Executed after functions.sql, like it.


-- The parts of a region that is known by its text only, because a query computed, grouped or compared it. The
-- text is STC-S as archive.declare.regions writes it, or close to that; anything else has no parts.
CREATE OR REPLACE FUNCTION adql.region(value text, OUT points public.spoint[], OUT circles public.scircle[],
                                       OUT polygons public.spoly[])
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    number text := '[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?';
    shape text[];
    n float8[];
    point public.spoint; circle public.scircle; outline public.spoly;
BEGIN
    IF value ~* '\m(galactic|galactic_ii|ecliptic|fk4|b1950)\M' THEN
        RETURN;
    END IF;
    FOR shape IN SELECT regexp_matches(value, format(
        '\m(position|point|circle|polygon|box)\M((?:\s+[a-z][a-z0-9_]*)*)((?:[\s,]+%s)+)', number), 'gi')
    LOOP
        n := regexp_split_to_array(btrim(shape[3], E', \t\r\n\f'), '[\s,]+')::float8[];
        CASE lower(shape[1])
            WHEN 'circle' THEN circle := CASE WHEN n[3] <= 90 THEN adql.cap(adql.position(n), n[3]) END;
            WHEN 'polygon' THEN outline := adql.polygon(n);
            WHEN 'box' THEN outline := adql.polygon(adql.box(n[1], n[2], n[3], n[4]));
            ELSE point := adql.position(n);
        END CASE;
        IF circle IS NOT NULL THEN circles := circles || circle; circle := NULL; END IF;
        IF outline IS NOT NULL THEN polygons := polygons || outline; outline := NULL; END IF;
        IF point IS NOT NULL THEN points := points || point; point := NULL; END IF;
    END LOOP;
END $$;

-- What to look for in an index of bounds to find all that another region's bounds meet: themselves, or the two
-- halves of the sky when they are the mark of a region wider than a hemisphere (archive.query.storage.WIDE).
CREATE OR REPLACE FUNCTION adql.northern(bounds public.scircle) RETURNS public.scircle
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN bounds OPERATOR(public.=) public.scircle '<(0d,90d),0d>' THEN public.scircle '<(0d,90d),90d>' ELSE bounds END;

CREATE OR REPLACE FUNCTION adql.southern(bounds public.scircle) RETURNS public.scircle
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN bounds OPERATOR(public.=) public.scircle '<(0d,90d),0d>' THEN public.scircle '<(0d,-90d),90d>' END;

-- The region and the shape have a point in common. A shape of `anyelement` is a circle or a polygon: pg_sphere has
-- the same operators for both. Loops, as queries over unnest take longer for each row.
CREATE OR REPLACE FUNCTION adql.meets(points public.spoint[], circles public.scircle[], polygons public.spoly[],
                                      shape public.spoint)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100 AS $$
DECLARE
    point public.spoint; circle public.scircle; polygon public.spoly;
BEGIN
    IF shape IS NULL OR num_nonnulls(points, circles, polygons) = 0 THEN
        RETURN NULL;
    END IF;
    FOREACH polygon IN ARRAY coalesce(polygons, '{}') LOOP
        IF shape OPERATOR(public.<@) polygon THEN RETURN true; END IF;
    END LOOP;
    FOREACH circle IN ARRAY coalesce(circles, '{}') LOOP
        IF shape OPERATOR(public.<@) circle THEN RETURN true; END IF;
    END LOOP;
    FOREACH point IN ARRAY coalesce(points, '{}') LOOP
        IF shape OPERATOR(public.=) point THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;

CREATE OR REPLACE FUNCTION adql.meets(points public.spoint[], circles public.scircle[], polygons public.spoly[],
                                      shape anyelement)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100 AS $$
DECLARE
    point public.spoint; circle public.scircle; polygon public.spoly;
BEGIN
    IF shape IS NULL OR num_nonnulls(points, circles, polygons) = 0 THEN
        RETURN NULL;
    END IF;
    FOREACH polygon IN ARRAY coalesce(polygons, '{}') LOOP
        IF polygon OPERATOR(public.&&) shape THEN RETURN true; END IF;
    END LOOP;
    FOREACH circle IN ARRAY coalesce(circles, '{}') LOOP
        IF circle OPERATOR(public.&&) shape THEN RETURN true; END IF;
    END LOOP;
    FOREACH point IN ARRAY coalesce(points, '{}') LOOP
        IF point OPERATOR(public.<@) shape THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;

-- All parts of the region lie in the shape.
CREATE OR REPLACE FUNCTION adql.inside(points public.spoint[], circles public.scircle[],
                                       polygons public.spoly[], shape anyelement)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100 AS $$
DECLARE
    point public.spoint; circle public.scircle; polygon public.spoly;
BEGIN
    IF shape IS NULL OR num_nonnulls(points, circles, polygons) = 0 THEN
        RETURN NULL;
    END IF;
    FOREACH polygon IN ARRAY coalesce(polygons, '{}') LOOP
        IF NOT polygon OPERATOR(public.<@) shape THEN RETURN false; END IF;
    END LOOP;
    FOREACH circle IN ARRAY coalesce(circles, '{}') LOOP
        IF NOT circle OPERATOR(public.<@) shape THEN RETURN false; END IF;
    END LOOP;
    FOREACH point IN ARRAY coalesce(points, '{}') LOOP
        IF NOT point OPERATOR(public.<@) shape THEN RETURN false; END IF;
    END LOOP;
    RETURN true;
END $$;

-- Two opposite hemispheres: the whole sky.
CREATE OR REPLACE FUNCTION adql.whole(circles public.scircle[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(circles) > 1 AND EXISTS (
    SELECT FROM unnest(circles) AS a, unnest(circles) AS b
    WHERE public.radius(a) > radians(90) - 1e-9 AND public.radius(b) > radians(90) - 1e-9
        AND (public.center(a) OPERATOR(public.<->) public.center(b)) > pi() - 1e-9);

-- One part of the region holds the whole shape. (A point is held where it is met.)
CREATE OR REPLACE FUNCTION adql.holds(points public.spoint[], circles public.scircle[], polygons public.spoly[],
                                      shape anyelement)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100 AS $$
DECLARE
    circle public.scircle; polygon public.spoly;
BEGIN
    IF shape IS NULL OR num_nonnulls(points, circles, polygons) = 0 THEN
        RETURN NULL;
    END IF;
    IF cardinality(circles) > 1 AND adql.whole(circles) THEN
        RETURN true;
    END IF;
    FOREACH polygon IN ARRAY coalesce(polygons, '{}') LOOP
        IF shape OPERATOR(public.<@) polygon THEN RETURN true; END IF;
    END LOOP;
    FOREACH circle IN ARRAY coalesce(circles, '{}') LOOP
        IF shape OPERATOR(public.<@) circle THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;

-- Two stored regions: one has a point in common with the other; the first lies in the second.
CREATE OR REPLACE FUNCTION adql.meets(points public.spoint[], circles public.scircle[], polygons public.spoly[],
    other_points public.spoint[], other_circles public.scircle[], other_polygons public.spoly[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 300 AS $$
DECLARE
    point public.spoint; circle public.scircle; polygon public.spoly;
BEGIN
    IF num_nonnulls(points, circles, polygons) = 0
       OR num_nonnulls(other_points, other_circles, other_polygons) = 0 THEN
        RETURN NULL;
    END IF;
    FOREACH polygon IN ARRAY coalesce(other_polygons, '{}') LOOP
        IF adql.meets(points, circles, polygons, polygon) THEN RETURN true; END IF;
    END LOOP;
    FOREACH circle IN ARRAY coalesce(other_circles, '{}') LOOP
        IF adql.meets(points, circles, polygons, circle) THEN RETURN true; END IF;
    END LOOP;
    FOREACH point IN ARRAY coalesce(other_points, '{}') LOOP
        IF adql.meets(points, circles, polygons, point) THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;

CREATE OR REPLACE FUNCTION adql.inside(points public.spoint[], circles public.scircle[],
    polygons public.spoly[], other_points public.spoint[], other_circles public.scircle[],
    other_polygons public.spoly[])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 300 AS $$
DECLARE
    point public.spoint; circle public.scircle; polygon public.spoly;
BEGIN
    IF num_nonnulls(points, circles, polygons) = 0
       OR num_nonnulls(other_points, other_circles, other_polygons) = 0 THEN
        RETURN NULL;
    END IF;
    FOREACH polygon IN ARRAY coalesce(polygons, '{}') LOOP
        IF NOT adql.holds(other_points, other_circles, other_polygons, polygon) THEN RETURN false; END IF;
    END LOOP;
    FOREACH circle IN ARRAY coalesce(circles, '{}') LOOP
        IF NOT adql.holds(other_points, other_circles, other_polygons, circle) THEN RETURN false; END IF;
    END LOOP;
    FOREACH point IN ARRAY coalesce(points, '{}') LOOP
        IF NOT adql.meets(other_points, other_circles, other_polygons, point) THEN RETURN false; END IF;
    END LOOP;
    RETURN true;
END $$;

-- In degrees, from the nearest part; 0 inside.
CREATE OR REPLACE FUNCTION adql.distance(points public.spoint[], circles public.scircle[],
                                         polygons public.spoly[], place public.spoint)
RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE COST 300
RETURN (
    SELECT min(d) FROM (
        SELECT degrees(p OPERATOR(public.<->) place) FROM unnest(points) AS p
        UNION ALL
        SELECT degrees(c OPERATOR(public.<->) place) FROM unnest(circles) AS c
        UNION ALL
        SELECT adql.polygon_distance(o, adql.vertices(o), place) FROM unnest(polygons) AS o
    ) AS parts (d));

-- In square degrees: the sum of the parts.
CREATE OR REPLACE FUNCTION adql.area(points public.spoint[], circles public.scircle[], polygons public.spoly[])
RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE COST 300
RETURN CASE WHEN num_nonnulls(points, circles, polygons) > 0 THEN
    coalesce((SELECT sum(adql.circle_area(degrees(public.radius(c)))) FROM unnest(circles) AS c), 0)
    + coalesce((SELECT sum(adql.polygon_area(adql.vertices(o))) FROM unnest(polygons) AS o), 0) END;

-- The parts' centroids, weighted by area; of points and circles without one, by number.
CREATE OR REPLACE FUNCTION adql.centroid(points public.spoint[], circles public.scircle[],
                                         polygons public.spoly[])
RETURNS float8[] LANGUAGE sql STABLE PARALLEL SAFE COST 300
RETURN (
    SELECT CASE WHEN sum(weight) > 0
        THEN adql.direction(sum(weight * x), sum(weight * y), sum(weight * z))
        ELSE adql.direction(sum(x), sum(y), sum(z)) END
    FROM (
        SELECT 0, public.x(p), public.y(p), public.z(p) FROM unnest(points) AS p
        UNION ALL
        SELECT adql.circle_area(degrees(public.radius(c))), public.x(public.center(c)),
               public.y(public.center(c)), public.z(public.center(c)) FROM unnest(circles) AS c
        UNION ALL
        -- Twice the length of an outline's moment is close to, and replaced by, its area as the weight.
        SELECT degrees(degrees(m.area)), m.x / m.size, m.y / m.size, m.z / m.size
        FROM (SELECT n.*, sqrt(n.x * n.x + n.y * n.y + n.z * n.z) AS size
              FROM unnest(polygons) AS o, adql.moments(adql.vertices(o)) AS n) AS m
        WHERE m.size > 0
    ) AS parts (weight, x, y, z));

-- ---------------------------------------------------------------------------- circles of any radius in a column
-- Beyond 90 degrees pg_sphere has no circle, and the rest of the sky stands in; a negative radius is no circle.

CREATE OR REPLACE FUNCTION adql.rest(centre public.spoint, radius float8) RETURNS public.scircle
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN public.scircle(adql.opposite(centre), radians(180 - radius));

CREATE OR REPLACE FUNCTION adql.meets(outline public.spoly, centre public.spoint, radius float8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN outline IS NULL OR centre IS NULL OR radius < 0 THEN NULL
    WHEN radius <= 90 THEN outline OPERATOR(public.&&) public.scircle(centre, radians(radius))
    WHEN radius < 180 THEN NOT outline OPERATOR(public.<@) adql.rest(centre, radius)
    WHEN radius < 'infinity' THEN true END;

CREATE OR REPLACE FUNCTION adql.inside(outline public.spoly, centre public.spoint, radius float8)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN outline IS NULL OR centre IS NULL OR radius < 0 THEN NULL
    WHEN radius <= 90 THEN outline OPERATOR(public.<@) public.scircle(centre, radians(radius))
    WHEN radius < 180 THEN NOT outline OPERATOR(public.&&) adql.rest(centre, radius)
    WHEN radius < 'infinity' THEN true END;

CREATE OR REPLACE FUNCTION adql.holds(outline public.spoly, centre public.spoint, radius float8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN outline IS NULL OR centre IS NULL OR radius < 0 THEN NULL
    WHEN radius <= 90 THEN public.scircle(centre, radians(radius)) OPERATOR(public.<@) outline
    WHEN radius < 'infinity' THEN false END;

-- The first circle lies in the second.
CREATE OR REPLACE FUNCTION adql.within(centre public.spoint, radius float8, outer_centre public.spoint,
                                       outer_radius float8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN radius < 0 OR outer_radius < 0 THEN NULL
    WHEN outer_radius >= 180 THEN (centre OPERATOR(public.<->) outer_centre) + radius >= 0
    ELSE (centre OPERATOR(public.<->) outer_centre) + radians(radius - outer_radius) <= 1e-9 END;

CREATE OR REPLACE FUNCTION adql.meets(points public.spoint[], circles public.scircle[], polygons public.spoly[],
                                      centre public.spoint, radius float8)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN num_nonnulls(points, circles, polygons) = 0 OR centre IS NULL OR radius < 0 THEN NULL
    WHEN radius <= 90 THEN adql.meets(points, circles, polygons, public.scircle(centre, radians(radius)))
    WHEN radius < 180 THEN NOT adql.inside(points, circles, polygons, adql.rest(centre, radius))
    WHEN radius < 'infinity' THEN true END;

CREATE OR REPLACE FUNCTION adql.inside(points public.spoint[], circles public.scircle[],
                                       polygons public.spoly[], centre public.spoint, radius float8)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN num_nonnulls(points, circles, polygons) = 0 OR centre IS NULL OR radius < 0 THEN NULL
    WHEN radius <= 90 THEN adql.inside(points, circles, polygons, public.scircle(centre, radians(radius)))
    WHEN radius < 180 THEN NOT adql.meets(points, circles, polygons, adql.rest(centre, radius))
    WHEN radius < 'infinity' THEN true END;

CREATE OR REPLACE FUNCTION adql.holds(points public.spoint[], circles public.scircle[], polygons public.spoly[],
                                      centre public.spoint, radius float8)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN num_nonnulls(points, circles, polygons) = 0 OR centre IS NULL OR radius < 0 THEN NULL
    WHEN radius <= 90 THEN adql.holds(points, circles, polygons, public.scircle(centre, radians(radius)))
    WHEN radius < 'infinity' THEN coalesce(adql.whole(circles), false) END;

-- ------------------------------------------------------------------------------------------------ coverage

-- The cells that a polygon touches. pg_sphere knows those of clearly convex ones only (for others it raises an
-- internal error); the rest are taken apart into the triangles of their first corner and each side, which
-- together cover the polygon and nothing beyond its convex hull. A triangle without area adds nothing.
CREATE OR REPLACE FUNCTION adql.cells(level integer, outline public.spoly) RETURNS public.smoc
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED COST 1000 AS $$
DECLARE
    corners public.spoint[];
    found public.smoc;
BEGIN
    RETURN public.smoc(level, outline);
EXCEPTION WHEN internal_error THEN
    corners := adql.vertices(outline);
    found := public.smoc(level, corners[1]);
    FOR i IN 2 .. cardinality(corners) LOOP
        found := public.smoc_union(found, public.smoc(level, corners[i]));
        BEGIN
            found := public.smoc_union(found, public.smoc(
                level, format('{%s,%s,%s}', corners[1], corners[i - 1], corners[i])::public.spoly));
        EXCEPTION WHEN internal_error THEN
            CONTINUE;
        END;
    END LOOP;
    RETURN found;
END $$;
