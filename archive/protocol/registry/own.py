"""The records of every registry: its authority, its organisation, itself (Registry Interfaces 1.1, 3)."""

from __future__ import annotations

from ..xml import E, typed
from .records import Curation, Published

__all__ = ["PAGE", "REGISTRY_PATH", "own_records"]

REGISTRY_PATH = "registry"
PAGE = 100  # records sent at once


def own_records(curation: Curation, address: str) -> tuple[Published, ...]:
    """`address` is the OAI-PMH base URL."""
    organisation = curation.ivoid("organisation")
    authority = Published(
        path="",
        kind="vg:Authority",
        title=f"{curation.title}: authority",
        description=f"The naming authority of {curation.title}.",
        content_type="Other",
        more=(E.managingOrg(curation.publisher, {"ivo-id": organisation}),),
    )
    publisher = Published(
        path="organisation",
        kind="vr:Organisation",
        title=curation.publisher,
        description=f"The organisation that runs {curation.title}.",
        content_type="Organisation",
    )
    harvest = E.capability(
        {"standardID": "ivo://ivoa.net/std/Registry", **typed("vg:Harvest")},
        E.interface(typed("vg:OAIHTTP"), {"role": "std", "version": "1.0"}, E.accessURL(address, use="base")),
        E.maxRecords(str(PAGE)),
    )
    registry = Published(
        path=REGISTRY_PATH,
        kind="vg:Registry",
        title=f"{curation.title}: publishing registry",
        description=f"The records of all services and data collections of {curation.title}.",
        short_name="registry",
        content_type="Registry",
        capabilities=(harvest,),
        more=(E.full("false"), E.managedAuthority(curation.authority)),
    )
    return authority, publisher, registry
