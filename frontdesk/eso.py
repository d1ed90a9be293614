"""The ESO profile: /tap_obs and /tap_cat, so that what was written for ESO's archive runs here unchanged.

They show the tables that ESO's services have, in a language that does not tell letter cases apart, with ESO's
functions. What is the same for every TAP service is the package `tap`'s, files and headers are `downloads`'.
"""

from __future__ import annotations

from functools import partial

from archive.declare.types import DOUBLE, TIMESTAMP
from archive.protocol import Archive, Service
from archive.protocol.uws import Jobs
from archive.query.user_functions import Argument, Meaning, UserFunction
from tap.asynchronous import TapJobs
from tap.profiles import Profile
from tap.service import tap_service

from .eso_examples import CATALOGUE_EXAMPLES, OBSERVATION_EXAMPLES
from .eso_tables import CATALOGUES, OBSERVATIONS, own_tables, products_only

__all__ = ["ESO_JOB_KINDS", "TAP_CAT", "TAP_OBS", "eso_services"]

_FUNCTIONS = (
    UserFunction(
        "ESO_INTERSECTION",
        (("region1", Argument.GEOMETRY), ("region2", Argument.GEOMETRY)),
        DOUBLE,
        "The area in square degrees that two regions have in common; of regions with several parts, the sum "
        "over all pairs of parts.",
        unit="deg**2",
        ucd="phys.angArea",
        meaning=Meaning.OVERLAP,
    ),
    UserFunction(
        "ESO_DATEADD_SEC",
        (("seconds", DOUBLE), ("date", TIMESTAMP)),
        TIMESTAMP,
        "The time so many seconds, which may be negative and have fractions, after a timestamp or a text "
        "that is one.",
        "({1} + make_interval(secs => {0}))",
    ),
)
_LANGUAGE = (
    "ADQL 2.1, which understands ADQL 2.0 as well. Texts are compared without regard to letter case; regions "
    "in results are STC-S with the frame J2000."
)

TAP_OBS = Profile(
    name="tap_obs",
    title="TAP as ESO's tap_obs",
    description="Raw frames, products, provenance and instruments under the names of ESO's archive, for "
    "astroquery.eso and scripts written for ESO: texts match in any letter case, ivoa.ObsCore holds products "
    "only.",
    language=_LANGUAGE,
    schemas=OBSERVATIONS,
    restrictions={**own_tables(OBSERVATIONS), "ivoa.obscore": products_only},
    functions=_FUNCTIONS,
    examples=OBSERVATION_EXAMPLES,
    left_out=frozenset({"raw-and-obscore"}),
    folds_texts=True,
    region_frame="J2000",
    count_name="COUNT_ALL",
    user_tables=False,
)
TAP_CAT = Profile(
    name="tap_cat",
    title="TAP as ESO's tap_cat",
    description="The catalogues of the schema safcat, for astroquery.eso and scripts written for ESO.",
    language=_LANGUAGE,
    schemas=CATALOGUES,
    restrictions=own_tables(CATALOGUES),
    functions=_FUNCTIONS,
    examples=CATALOGUE_EXAMPLES,
    left_out=frozenset({"tap-schema-keyword"}),
    folds_texts=True,
    region_frame="J2000",
    count_name="COUNT_ALL",
    user_tables=False,
)

# Workers need them whether or not this server mounts the services: jobs may be left from before.
ESO_JOB_KINDS = tuple(partial(TapJobs, profile=profile) for profile in (TAP_OBS, TAP_CAT))


def eso_services(archive: Archive, jobs: Jobs) -> tuple[Service, ...]:
    """None where `eso_profile` is off."""
    if not archive.config.eso_profile:
        return ()
    return tuple(tap_service(archive, jobs, f"/{profile.name}", profile) for profile in (TAP_OBS, TAP_CAT))
