-- The area that two shapes have in common, in square degrees; of regions, the sum over pairs of their parts.
-- Vectors are float8[3]; differences of near places are taken before products, which keeps tiny shapes exact.

CREATE OR REPLACE FUNCTION adql.cross_product(a float8[], b float8[]) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[a[2] * b[3] - a[3] * b[2], a[3] * b[1] - a[1] * b[3], a[1] * b[2] - a[2] * b[1]];

CREATE OR REPLACE FUNCTION adql.dot_product(a float8[], b float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN a[1] * b[1] + a[2] * b[2] + a[3] * b[3];

CREATE OR REPLACE FUNCTION adql.difference(a float8[], b float8[]) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[a[1] - b[1], a[2] - b[2], a[3] - b[3]];

-- In steradians, positive counter-clockwise as seen from outside the sphere.
CREATE OR REPLACE FUNCTION adql.triangle(a float8[], b float8[], c float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10 AS $$
BEGIN
    RETURN 2 * atan2(
        adql.dot_product(a, adql.cross_product(adql.difference(b, a), adql.difference(c, a))),
        1 + adql.dot_product(a, b) + adql.dot_product(b, c) + adql.dot_product(c, a));
END $$;

-- The three halves of distances and angles below are those of Napier's and L'Huilier's formulae.
CREATE OR REPLACE FUNCTION adql.overlap(centre public.spoint, radius float8, other public.spoint, reach float8)
RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 30 AS $$
DECLARE
    r float8 := radians(least(radius, 180));
    q float8 := radians(least(reach, 180));
    d float8 := centre OPERATOR(public.<->) other;
    s float8 := (radians(least(radius, 180)) + radians(least(reach, 180))
                 + (centre OPERATOR(public.<->) other)) / 2;
    near float8; far float8; excess float8;
BEGIN
    IF NOT (radius >= 0 AND reach >= 0) THEN
        RETURN NULL;
    ELSIF d >= r + q THEN
        RETURN 0;
    ELSIF d <= abs(r - q) THEN
        RETURN adql.circle_area(least(radius, reach));
    ELSIF s >= pi() THEN
        -- Together they cover the sky.
        RETURN adql.circle_area(radius) + adql.circle_area(reach) - adql.circle_area(180);
    END IF;
    near := 2 * atan2(sqrt(sin(s - d) * sin(s - r)), sqrt(sin(s) * sin(s - q)));
    far := 2 * atan2(sqrt(sin(s - d) * sin(s - q)), sqrt(sin(s) * sin(s - r)));
    excess := 4 * atan(sqrt(tan(s / 2) * tan((s - r) / 2) * tan((s - q) / 2) * tan((s - d) / 2)));
    RETURN degrees(degrees(greatest(0, 4 * near * sin(r / 2) ^ 2 + 4 * far * sin(q / 2) ^ 2 - 2 * excess)));
END $$;

-- How far, in radians and from -pi to pi, one turns at `centre` from `a` to `b`.
CREATE OR REPLACE FUNCTION adql.turn(centre float8[], a float8[], b float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10 AS $$
DECLARE
    u float8[] := adql.difference(a, centre);
    v float8[] := adql.difference(b, centre);
BEGIN
    RETURN atan2(adql.dot_product(centre, adql.cross_product(u, v)),
                 adql.dot_product(u, v) - adql.dot_product(u, centre) * adql.dot_product(v, centre));
END $$;

-- The circle's share of all triangles between its centre and the outline's sides: along a side, the triangle
-- where the side is inside, the sector where it is outside.
CREATE OR REPLACE FUNCTION adql.overlap(vertices public.spoint[], centre public.spoint, radius float8)
RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 300 AS $$
DECLARE
    n integer := cardinality(vertices);
    r float8 := radians(radius);
    c float8[] := public.xyz(centre);
    sector float8 := 2 * sin(radians(radius) / 2) ^ 2;
    total float8 := 0;
    p float8[]; q float8[]; normal float8[]; tangent float8[]; chord float8[]; away float8[];
    length float8; size float8; height float8; middle float8; half float8;
    ends float8[]; here float8[]; there float8[];
BEGIN
    IF NOT radius >= 0 THEN
        RETURN NULL;
    ELSIF radius >= 180 THEN
        RETURN adql.polygon_area(vertices);
    END IF;
    FOR i IN 1..n LOOP
        p := public.xyz(vertices[i]);
        q := public.xyz(vertices[i % n + 1]);
        chord := adql.difference(q, p);
        normal := adql.cross_product(p, chord);
        size := sqrt(adql.dot_product(normal, normal));
        CONTINUE WHEN size = 0;
        normal := ARRAY[normal[1] / size, normal[2] / size, normal[3] / size];
        tangent := adql.cross_product(normal, p);
        length := atan2(size, adql.dot_product(p, q));
        away := adql.difference(c, p);
        height := adql.dot_product(normal, away);
        -- Where along the side, from p, the centre is nearest, and how far around that the circle reaches.
        middle := atan2(adql.dot_product(tangent, away), 1 + adql.dot_product(p, away));
        half := (sin(r) - height) * (sin(r) + height);
        half := CASE WHEN half > 0 THEN atan2(sqrt(half), cos(r)) WHEN cos(r) < 0 THEN pi() ELSE 0 END;
        SELECT array_agg(e ORDER BY e) INTO ends FROM unnest(ARRAY[0, length, middle - half, middle + half,
            middle - half + 2 * pi(), middle + half - 2 * pi()]) AS e WHERE e >= 0 AND e <= length;
        here := p;
        FOR k IN 2..cardinality(ends) LOOP
            CONTINUE WHEN ends[k] = ends[k - 1];
            there := CASE WHEN ends[k] = length THEN q ELSE ARRAY[
                p[1] * cos(ends[k]) + tangent[1] * sin(ends[k]),
                p[2] * cos(ends[k]) + tangent[2] * sin(ends[k]),
                p[3] * cos(ends[k]) + tangent[3] * sin(ends[k])] END;
            IF cos((ends[k] + ends[k - 1]) / 2 - middle) > cos(half) THEN
                total := total + adql.triangle(c, here, there);
            ELSE
                total := total + sector * adql.turn(c, here, there);
            END IF;
            here := there;
        END LOOP;
    END LOOP;
    total := CASE WHEN adql.anticlockwise(vertices) THEN total ELSE -total END;
    -- An outline around the point opposite to the centre has been gone round the wrong way.
    RETURN degrees(degrees(greatest(0, CASE WHEN total < -1e-12 THEN total + 2 * pi() * sector ELSE total END)));
END $$;

-- Which way round: as `adql.moments` sums it, before it turns the outline.
CREATE OR REPLACE FUNCTION adql.anticlockwise(vertices public.spoint[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 50 AS $$
DECLARE
    n integer := cardinality(vertices);
    total float8 := 0;
    first float8[] := public.xyz(vertices[1]);
BEGIN
    FOR i IN 2..n - 1 LOOP
        total := total + adql.triangle(first, public.xyz(vertices[i]), public.xyz(vertices[i + 1]));
    END LOOP;
    RETURN total >= 0;
END $$;

-- What of a convex outline (x, y, z of its corners by turns) lies on the left of a great circle.
CREATE OR REPLACE FUNCTION adql.clipped(corners float8[], normal float8[]) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 30 AS $$
DECLARE
    kept float8[] := '{}';
    n integer := cardinality(corners) / 3;
    p float8[]; q float8[]; cut float8[];
    a float8; b float8; size float8;
BEGIN
    IF n = 0 THEN
        RETURN kept;
    END IF;
    p := corners[3 * n - 2:3 * n];
    a := adql.dot_product(p, normal);
    FOR i IN 1..n LOOP
        q := corners[3 * i - 2:3 * i];
        b := adql.dot_product(q, normal);
        IF (a < 0 AND b > 0) OR (a > 0 AND b < 0) THEN
            cut := ARRAY[p[1] + (q[1] - p[1]) * (a / (a - b)), p[2] + (q[2] - p[2]) * (a / (a - b)),
                         p[3] + (q[3] - p[3]) * (a / (a - b))];
            size := sqrt(adql.dot_product(cut, cut));
            kept := kept || ARRAY[cut[1] / size, cut[2] / size, cut[3] / size];
        END IF;
        IF b >= 0 THEN
            kept := kept || q;
        END IF;
        p := q; a := b;
    END LOOP;
    RETURN kept;
END $$;

-- Both outlines as signed triangles from their first corners: the area in common is the signed sum of what the
-- triangles have in common, pair by pair, whatever shape the outlines have and however their sides coincide.
CREATE OR REPLACE FUNCTION adql.overlap(vertices public.spoint[], others public.spoint[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 3000 AS $$
DECLARE
    total float8 := 0;
    a float8[] := public.xyz(vertices[1]);
    u float8[] := public.xyz(others[1]);
    b float8[]; c float8[]; v float8[]; w float8[]; kept float8[];
    sign_ integer; other_sign integer;
    common float8;
BEGIN
    FOR i IN 2..cardinality(vertices) - 1 LOOP
        b := public.xyz(vertices[i]); c := public.xyz(vertices[i + 1]);
        sign_ := sign(adql.triangle(a, b, c));
        CONTINUE WHEN sign_ = 0;
        FOR j IN 2..cardinality(others) - 1 LOOP
            v := public.xyz(others[j]); w := public.xyz(others[j + 1]);
            other_sign := sign(adql.triangle(u, v, w));
            CONTINUE WHEN other_sign = 0;
            kept := CASE WHEN sign_ > 0 THEN a || b || c ELSE a || c || b END;
            IF other_sign > 0 THEN
                kept := adql.clipped(adql.clipped(adql.clipped(kept, adql.side(u, v)), adql.side(v, w)),
                                     adql.side(w, u));
            ELSE
                kept := adql.clipped(adql.clipped(adql.clipped(kept, adql.side(u, w)), adql.side(w, v)),
                                     adql.side(v, u));
            END IF;
            common := 0;
            FOR k IN 2..cardinality(kept) / 3 - 1 LOOP
                common := common + adql.triangle(kept[1:3], kept[3 * k - 2:3 * k], kept[3 * k + 1:3 * k + 3]);
            END LOOP;
            total := total + common * sign_ * other_sign;
        END LOOP;
    END LOOP;
    RETURN degrees(degrees(abs(total)));
END $$;

-- The great circle from a to b, by what is on its left.
CREATE OR REPLACE FUNCTION adql.side(a float8[], b float8[]) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN adql.cross_product(a, adql.difference(b, a));

CREATE OR REPLACE FUNCTION adql.overlap(outline public.spoly, centre public.spoint, radius float8)
RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE COST 300
RETURN adql.overlap(adql.vertices(outline), centre, radius);

CREATE OR REPLACE FUNCTION adql.overlap(outline public.spoly, other public.spoly) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE COST 3000
RETURN CASE WHEN outline OPERATOR(public.&&) other THEN adql.overlap(adql.vertices(outline), adql.vertices(other))
            WHEN outline IS NOT NULL AND other IS NOT NULL THEN 0 END;

-- Stored regions with each other shape.
CREATE OR REPLACE FUNCTION adql.overlap(points public.spoint[], circles public.scircle[],
    polygons public.spoly[], centre public.spoint, radius float8)
RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE COST 1000
RETURN CASE WHEN num_nonnulls(points, circles, polygons) > 0 AND centre IS NOT NULL AND radius >= 0 THEN
    coalesce((SELECT sum(adql.overlap(public.center(c), degrees(public.radius(c)), centre, radius))
              FROM unnest(circles) AS c), 0)
    + coalesce((SELECT sum(adql.overlap(o, centre, radius)) FROM unnest(polygons) AS o), 0) END;

CREATE OR REPLACE FUNCTION adql.overlap(points public.spoint[], circles public.scircle[],
    polygons public.spoly[], outline public.spoly)
RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE COST 3000
RETURN CASE WHEN num_nonnulls(points, circles, polygons) > 0 AND outline IS NOT NULL THEN
    coalesce((SELECT sum(adql.overlap(outline, public.center(c), degrees(public.radius(c))))
              FROM unnest(circles) AS c), 0)
    + coalesce((SELECT sum(adql.overlap(outline, o)) FROM unnest(polygons) AS o), 0) END;

CREATE OR REPLACE FUNCTION adql.overlap(points public.spoint[], circles public.scircle[],
    polygons public.spoly[], other_points public.spoint[], other_circles public.scircle[],
    other_polygons public.spoly[])
RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE COST 10000
RETURN CASE WHEN num_nonnulls(points, circles, polygons) > 0
             AND num_nonnulls(other_points, other_circles, other_polygons) > 0 THEN
    coalesce((SELECT sum(adql.overlap(points, circles, polygons, public.center(c), degrees(public.radius(c))))
              FROM unnest(other_circles) AS c), 0)
    + coalesce((SELECT sum(adql.overlap(points, circles, polygons, o)) FROM unnest(other_polygons) AS o), 0) END;
