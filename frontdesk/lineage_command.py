"""`uraniborg lineage`: the chain of a file, from its proposal to what was made of it."""

from __future__ import annotations

import argparse
import json

from archive.access import ANONYMOUS
from archive.config import Config
from archive.protocol.lineage import lineage_text, trace
from archive.protocol.table_reader import TableReader

from .opening import open_archive
from .privileges import drop_root

__all__ = ["lineage"]


def lineage(config: Config, arguments: argparse.Namespace) -> int:
    drop_root(config)
    with open_archive(config) as (database, _store):
        found = trace(TableReader(database, config, ANONYMOUS), arguments.dp_id)
    if arguments.json:
        print(json.dumps(found.document(), ensure_ascii=False, indent=1))
    else:
        for line in lineage_text(found):
            print(line)
    return 0
