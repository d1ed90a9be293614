"""The test kit, for our own tests and for those of plugin authors; nothing of it needs pytest.

docs/plugins/testing.md tells how to use it, docs/operators/database.md what a cluster is.
"""

from __future__ import annotations

from .archives import ArchiveForTests, archive_for_tests
from .checks import check_plugin
from .clusters import ClusterForTests, SessionFolder

__all__ = ["ArchiveForTests", "ClusterForTests", "SessionFolder", "archive_for_tests", "check_plugin"]
