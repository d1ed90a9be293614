-- Stars that move: positions and whole solutions at another epoch, as ESA SP-1200, volume 1, 1.5.5 has it
-- ("rigorous treatment"): straight lines through space at constant speed, nothing relativistic. Degrees,
-- mas, mas/yr (of longitude: times the cosine of the latitude), km/s, Julian years.

-- What a radial velocity of 1 km/s at a parallax of 1 mas adds to the logarithm of the distance in a year:
-- 1 mas, in radians, over the km/s that make an astronomical unit in a year.
CREATE OR REPLACE FUNCTION adql.recession(parallax float8, radial_velocity float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(parallax * radial_velocity, 0) * radians(1 / 3.6e6::float8) / 4.740470463533349::float8;

-- UDF catalogue EN 1.2, 2.2.1: no position or no epoch is an error, no parallax is infinitely far, and what
-- else is missing is 0. A position that is none, like that of a lamp, stays none.
CREATE OR REPLACE FUNCTION adql.moved(longitude float8, latitude float8, parallax float8, pm_longitude float8,
                                      pm_latitude float8, radial_velocity float8, years float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 30 AS $$
DECLARE
    a float8 := radians(longitude);
    d float8 := radians(latitude);
    along float8 := 1 + adql.recession(parallax, radial_velocity) * years;
    east float8 := coalesce(radians(pm_longitude / 3.6e6::float8), 0) * years;
    north float8 := coalesce(radians(pm_latitude / 3.6e6::float8), 0) * years;
    plane float8; x float8; y float8; z float8;
BEGIN
    IF longitude IS NULL OR latitude IS NULL OR years IS NULL THEN
        RAISE EXCEPTION 'the position and both epochs of a motion have to be known: leave out rows where one is NULL'
            USING ERRCODE = 'data_exception';
    END IF;
    IF adql.point(longitude, latitude) IS NULL THEN
        RETURN NULL;
    END IF;
    plane := along * cos(d) - north * sin(d);
    x := plane * cos(a) - east * sin(a);
    y := plane * sin(a) + east * cos(a);
    z := along * sin(d) + north * cos(d);
    RETURN adql.point(adql.turned(degrees(atan2(y, x))), degrees(atan2(z, sqrt(x * x + y * y))));
END $$;

-- Longitude, latitude, parallax, proper motions, radial velocity. EN 1.2, 2.2.2: what is NULL becomes NULL, in
-- an array NaN, half a proper motion is none, and without a parallax the radial velocity stays what it is.
CREATE OR REPLACE FUNCTION adql.propagated(longitude float8, latitude float8, parallax float8,
    pm_longitude float8, pm_latitude float8, radial_velocity float8, years float8)
RETURNS float8[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 60 AS $$
DECLARE
    moving boolean := pm_longitude IS NOT NULL AND pm_latitude IS NOT NULL;
    east float8 := CASE WHEN moving THEN radians(pm_longitude / 3.6e6::float8) ELSE 0 END;
    north float8 := CASE WHEN moving THEN radians(pm_latitude / 3.6e6::float8) ELSE 0 END;
    away float8 := adql.recession(parallax, radial_velocity);
    a float8 := radians(longitude);
    d float8 := radians(latitude);
    across float8 := east * east + north * north;
    nearer float8;
    place float8[]; velocity float8[]; m float8[];
BEGIN
    place := adql.moved(longitude, latitude, parallax, CASE WHEN moving THEN pm_longitude END,
                        CASE WHEN moving THEN pm_latitude END, radial_velocity, years);
    IF place IS NULL THEN
        RETURN NULL;
    END IF;
    nearer := 1 / sqrt((1 + away * years) ^ 2 + across * years ^ 2);
    -- The new proper motion as a vector, then along the axes at the new place.
    velocity := ARRAY[
        (-east * sin(a) - north * sin(d) * cos(a)) * (1 + away * years) - cos(d) * cos(a) * across * years,
        (east * cos(a) - north * sin(d) * sin(a)) * (1 + away * years) - cos(d) * sin(a) * across * years,
        north * cos(d) * (1 + away * years) - sin(d) * across * years];
    a := radians(place[1]); d := radians(place[2]);
    m := ARRAY[velocity[2] * cos(a) - velocity[1] * sin(a),
               velocity[3] * cos(d) - sin(d) * (velocity[1] * cos(a) + velocity[2] * sin(a))];
    RETURN place || ARRAY[
        coalesce(parallax * nearer, 'NaN'),
        CASE WHEN moving THEN degrees(m[1] * nearer ^ 3) * 3.6e6 ELSE 'NaN' END,
        CASE WHEN moving THEN degrees(m[2] * nearer ^ 3) * 3.6e6 ELSE 'NaN' END,
        coalesce(CASE WHEN parallax <> 0 AND radial_velocity IS NOT NULL
            THEN (away + (across + away ^ 2) * years) * nearer / parallax
                 * 4.740470463533349 / radians(1 / 3.6e6::float8)
            ELSE radial_velocity END, 'NaN')]::float8[];
END $$;
