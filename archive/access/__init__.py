"""Who asks: callers and how a request proves them. Rules about what a caller may see belong here too."""

from __future__ import annotations

from ..database.releases import end_releases
from ..database.restrictions import check_operator
from ..declare.dataflow.downloads import Ending, Road
from ..query.visits import Visit
from .account_records import Account, Purpose, scopes_of
from .accounts import Accounts
from .administration import Administration
from .audit import release
from .callers import ANONYMOUS, EVERY_SCOPE, Caller, Callers, Role, Scope
from .files import Guarded, check_file, check_seen, guarded_files, may_have
from .mail import RESET_PATH, VERIFY_PATH
from .passwords import LEAST_CHARACTERS
from .recognition import allowed_scopes
from .scopes import check_scope, needed_scope
from .tokens import Issued, TokenInfo, TokenKind

__all__ = [
    "ANONYMOUS",
    "EVERY_SCOPE",
    "LEAST_CHARACTERS",
    "RESET_PATH",
    "VERIFY_PATH",
    "Account",
    "Accounts",
    "Administration",
    "Caller",
    "Callers",
    "Ending",
    "Guarded",
    "Issued",
    "Purpose",
    "Road",
    "Role",
    "Scope",
    "TokenInfo",
    "TokenKind",
    "Visit",
    "allowed_scopes",
    "check_file",
    "check_operator",
    "check_scope",
    "check_seen",
    "end_releases",
    "guarded_files",
    "may_have",
    "needed_scope",
    "release",
    "scopes_of",
]
