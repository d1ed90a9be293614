"""Every road into the archive: for each thing that somebody might want, the requests by which he can try.

A request says which rule holds for it (`rules`), and what its answer shows if, and only if, it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.access.observatory import ABSTRACTS, AUTHORITY, FILES, HIDDEN_MASK, OTHERS, OURS, Kept
from tests.access.rules import Verdict

__all__ = ["DONE", "JOB_TREES", "SECRET_TABLE", "SHARED_TABLE", "Ask", "asks"]

SECRET_TABLE, SHARED_TABLE = "my_tycho.notebook", "my_tycho.shared"
SECRET_NOTE = "the position that nobody knows"
JOB_TREES = ("/tap/async", "/tap_obs/async", "/tap_cat/async", "/soda/async", "/tap/table-update")
# Jobs of Tycho that are over, and what only he sees in their results.
DONE: Mapping[str, tuple[Mapping[str, str], str]] = {
    "/tap/async": (
        {"LANG": "ADQL", "RESPONSEFORMAT": "csv", "QUERY": "SELECT dp_id FROM ivoa.ObsCore"},
        FILES["hidden image"].dp_id,
    ),
    "/soda/async": ({"ID": FILES["proprietary raw"].dp_id}, "SIMPLE  ="),
}
# Rows are simply not among the others.
_AMONG_OTHERS: Mapping[Verdict, int] = dict.fromkeys(Verdict, 200)


@dataclass(frozen=True)
class Ask:
    """`mark` is in the answer when it is given and only then; `statuses` where they are not the usual ones.

    `{job}` in a path is Tycho's job of the tree, `{done}` that which is over.
    """

    rule: str
    thing: str
    path: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    everybody: bool = True  # asks; otherwise only roles of which others are like one or the other
    inner: str = ""  # the rule for what the job that it makes gives; `rule` is that for making it
    statuses: Mapping[Verdict, int] = field(default_factory=dict)

    def status(self, verdict: Verdict) -> int:
        return self.statuses.get(verdict, verdict.value)

    def __str__(self) -> str:
        told = self.params.get("QUERY") or self.data.get("QUERY") or " ".join(self.params.values())
        return f"{self.thing}: {self.method} {self.path} {told}".rstrip()


def asks() -> Iterator[Ask]:
    yield from _files()
    yield from _about_files()
    yield from _searches()
    yield from _rows()
    yield from _restricted()
    yield from _user_tables()
    yield from _jobs()
    yield from _job_making()
    yield from _incoming()
    yield from _documents()


# --- files and what is made of them -----------------------------------------------------------------------


def _rule(kept: Kept) -> str:
    if kept.is_hidden:
        return "hidden"
    return "public" if kept.is_public else "proprietary"


def did(kept: Kept) -> str:
    return f"ivo://{AUTHORITY}/ID?{kept.dp_id}"


_CUT = {"CIRCLE": "150 2 0.005"}


def _files() -> Iterator[Ask]:
    for name, kept in FILES.items():
        rule, dp_id = _rule(kept), kept.dp_id
        for path in (f"/file/{dp_id}", f"/dataPortal/file/{dp_id}", f"/preview/{dp_id}?SIZE=64"):
            yield Ask(rule, name, path)
            yield Ask(rule, name, path, "HEAD", everybody=False)
        yield Ask(rule, name, f"/file/{dp_id}.fits", everybody=False)
        whole = Ask(rule, name, f"/file/{dp_id}", everybody=False)
        yield replace(whole, path=f"/file/{dp_id}.fits.Z?VERSION=1&CORRECTION=0")
        yield replace(whole, path=f"/preview/{dp_id}?SIZE=512&FORMAT=jpeg")
        yield replace(whole, headers={"Range": "bytes=0-9"}, statuses={Verdict.GIVEN: 206})
        yield replace(whole, headers={"If-None-Match": "*"}, statuses={Verdict.GIVEN: 304})
        yield replace(whole, headers={"If-Match": '"another"'}, statuses={Verdict.GIVEN: 412})
        if kept.is_spectrum:
            for form in ("fits", "votable", "csv"):
                asked = Ask(rule, name, f"/spectrum/{dp_id}", params={"FORMAT": form})
                yield replace(asked, everybody=form == "fits")
            yield Ask(rule, name, f"/spectrum/{dp_id}", "HEAD", everybody=False)
        for path in ("/soda/sync", "/dataPortal/soda/sync"):
            whole = Ask(rule, name, path, params={"ID": did(kept)}, everybody=path == "/soda/sync")
            yield whole
            if not kept.is_spectrum:
                part = {"ID": did(kept), **_CUT}
                yield replace(whole, params=part)
                yield replace(whole, params=part, method="HEAD", everybody=False)
                yield replace(whole, params={}, data=part, method="POST", everybody=False)


# --- what is known of them --------------------------------------------------------------------------------


def _about_files() -> Iterator[Ask]:
    for name, kept in FILES.items():
        rule, dp_id = "hidden" if kept.is_hidden else "public", kept.dp_id
        yield Ask(rule, name, f"/header/{dp_id}", mark="TELESCOP")
        yield Ask(rule, name, f"/header/{dp_id}", params={"RESPONSEFORMAT": "fits"}, everybody=False)
        yield Ask(rule, name, f"/header/{dp_id}?VERSION=1&CORRECTION=0&HDU=0", everybody=False)
        yield Ask(rule, name, "/hdr", params={"DpId": dp_id}, mark="TELESCOP")
        yield Ask(rule, name, f"/dataset/{dp_id}", mark="What belongs to it")
        yield Ask(rule, name, f"/lineage/{dp_id}")
        # An identifier that is not known gets a row that says so (DataLink 1.1, 3.4).
        links = Ask(rule, name, "/datalink/links", mark=f"/file/{dp_id}", statuses=_AMONG_OTHERS)
        asked = {"ID": did(kept), "RESPONSEFORMAT": "csv"}
        yield replace(links, params=asked)
        yield replace(links, method="POST", data=asked, everybody=False)
    # What is public tells nothing of what was made of it and is hidden.
    source = FILES["proprietary raw"]
    made = Ask("hidden", "hidden image", "", mark=FILES["hidden image"].dp_id, statuses=_AMONG_OTHERS)
    yield replace(made, path=f"/lineage/{source.dp_id}")
    yield replace(made, path=f"/dataset/{source.dp_id}")
    yield replace(made, path="/datalink/links", params={"ID": did(source), "RESPONSEFORMAT": "csv"})


# --- searches that are no queries -------------------------------------------------------------------------


def _searches() -> Iterator[Ask]:
    spectra = [kept for kept in FILES.values() if kept.is_spectrum]
    # Of calibrations ivoa.ObsCore has no rows.
    observed = [kept for kept in FILES.values() if kept is not FILES["calibration"]]
    images = [kept for kept in observed if not kept.is_spectrum]
    of_spectra = {"REQUEST": "queryData", "POS": "150,2", "SIZE": "1"}
    for path, params, found in (
        ("/sia2/query", {"POS": "CIRCLE 150 2 1", "MAXREC": "100"}, images),
        ("/sia1/query", {"POS": "150,2", "SIZE": "1"}, images),
        ("/cone/ivoa.ObsCore", {"RA": "150", "DEC": "2", "SR": "1", "VERB": "3"}, observed),
        *((path, of_spectra, spectra) for path in ("/ssa/query", "/ssap/query", "/ssap")),
    ):
        for kept in found:
            rule = "hidden" if kept.is_hidden else "public"
            known = Ask(rule, kept.dp_id, path, mark=kept.dp_id, statuses=_AMONG_OTHERS)
            yield replace(known, params=params)
            yield replace(known, method="POST", data=params, everybody=False)


# --- queries ----------------------------------------------------------------------------------------------

# A row of {t} has the value {m} in its column {k}: it is in the answer if, and only if, it is seen.
_SHAPES = (
    "SELECT {k} FROM {t} WHERE {k} = '{m}'",
    "SELECT {k} FROM {t}",
    "SELECT DISTINCT {k} FROM {t} ORDER BY {k} DESC",
    "SELECT TOP 1 {k} FROM {t} WHERE {k} >= '{m}' ORDER BY {k}",
    "SELECT MAX({k}) AS x FROM {t} WHERE {k} <= '{m}'",
    "SELECT {k}, COUNT(*) AS n FROM {t} GROUP BY {k} HAVING COUNT(*) > 0",
    "SELECT a.{k} FROM {t} AS a JOIN {t} AS b ON a.{k} = b.{k}",
    "SELECT x.{k} FROM tap_schema.schemas AS s LEFT JOIN {t} AS x ON x.{k} = '{m}'",
    "SELECT x.{k} FROM {t} AS x RIGHT JOIN tap_schema.schemas AS s ON x.{k} = '{m}'",
    "SELECT x.{k} FROM {t} AS x FULL JOIN tap_schema.schemas AS s ON x.{k} = s.schema_name",
    "SELECT x.{k} FROM {t} AS x, tap_schema.schemas AS s WHERE s.schema_name = 'ivoa'",
    "SELECT {k} FROM {t} WHERE {k} IN (SELECT {k} FROM {t})",
    "SELECT x.{k} FROM (SELECT {k} FROM {t}) AS x",
    "SELECT y.{k} FROM (SELECT x.{k} FROM (SELECT {k} FROM {t}) AS x) AS y",
    "WITH x AS (SELECT {k} FROM {t}) SELECT {k} FROM x",
    "WITH x AS (SELECT {k} FROM {t}), y AS (SELECT {k} FROM x) SELECT y.{k} FROM y JOIN x ON x.{k} = y.{k}",
    "SELECT {k} FROM {t} UNION SELECT {k} FROM {t}",
    "SELECT schema_name FROM tap_schema.schemas UNION ALL SELECT {k} FROM {t}",
    "SELECT {k} FROM {t} EXCEPT SELECT schema_name FROM tap_schema.schemas",
    "SELECT {k} FROM {t} INTERSECT SELECT {k} FROM {t}",
    "SELECT {k} FROM {t} WHERE {k} LIKE '%'",
    "SELECT {k} FROM {t} WHERE LOWER({k}) = LOWER('{m}')",
    "SELECT COALESCE({k}, '') AS x FROM {t}",
    "SELECT {k} || '.' AS x FROM {t}",
)
# Shapes that tell of a row by counting.
_COUNTS = (
    ("SELECT COUNT(*) AS n FROM {t} WHERE {k} = '{m}'", "n\n1"),
    ("SELECT COUNT(DISTINCT {k}) AS n FROM {t} WHERE {k} = '{m}'", "n\n1"),
    ("SELECT COUNT(*) AS n FROM tap_schema.schemas WHERE schema_name = 'ivoa'"
     " AND EXISTS (SELECT 1 FROM {t} WHERE {k} = '{m}')", "n\n1"),
    ("SELECT COUNT(*) AS n FROM tap_schema.schemas WHERE schema_name = 'ivoa'"
     " AND '{m}' NOT IN (SELECT {k} FROM {t} WHERE {k} IS NOT NULL)", "n\n0"),
)  # fmt: skip
_BRIEF = (0, 1, 12, 14, 17)  # of _SHAPES, for tables that are like others

_HIDDEN, _HIDDEN_RAW = FILES["hidden image"].dp_id, FILES["hidden raw"].dp_id
_HIDDEN_SPECTRUM = FILES["hidden spectrum"].dp_id


@dataclass(frozen=True)
class _Row:
    """A row of a published table, known by a value of one column."""

    rule: str
    table: str
    column: str
    mark: str


_ROWS = (
    _Row("hidden", "ivoa.ObsCore", "dp_id", _HIDDEN),
    _Row("hidden", "dbo.raw", "dp_id", _HIDDEN_RAW),
    _Row("hidden", "dfs.abstract", "abstract", ABSTRACTS["116.25AB"]),
)
_MORE_ROWS = (
    _Row("hidden", "dbo.ssa", "dp_id", _HIDDEN_SPECTRUM),
    _Row("hidden", "ist.hawki", "dp_id", _HIDDEN_RAW),
    _Row("hidden", "ivoa.ObsCore", "dp_id", _HIDDEN_RAW),
    _Row("hidden", "dfs.download", "account", "rudolf"),
    _Row("hidden of others", "dfs.abstract", "abstract", ABSTRACTS[OTHERS[:8]]),
    _Row("public", "dfs.abstract", "abstract", ABSTRACTS["116.25CD"]),
    _Row("public", "ivoa.ObsCore", "dp_id", FILES["proprietary image"].dp_id),
    _Row("public", "dbo.raw", "dp_id", FILES["proprietary raw"].dp_id),
    _Row("public", "dbo.raw", "dp_id", FILES["calibration"].dp_id),
)


_UPLOAD = (
    "<VOTABLE version='1.3'><RESOURCE><TABLE><FIELD name='name' datatype='char' arraysize='*'/>"
    "<DATA><TABLEDATA><TR><TD>{}</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
)


def _rows() -> Iterator[Ask]:
    for row in _ROWS:
        for number, shape in enumerate(_SHAPES):
            asked = _query(row.rule, row.table, shape, row.column, row.mark)
            yield replace(asked, everybody=number in _BRIEF)
        for shape, shown in _COUNTS:
            asked = _query(row.rule, row.table, shape, row.column, row.mark, shown)
            yield replace(asked, everybody=False)
    for row in _MORE_ROWS:
        for number in _BRIEF:
            yield _query(row.rule, row.table, _SHAPES[number], row.column, row.mark)
    yield from _other_roads_to_rows()


def _query(
    rule: str, table: str, shape: str, column: str, mark: str, shown: str = "", path: str = "/tap/sync"
) -> Ask:
    query = shape.format(t=table, k=column, m=mark)
    params = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
    return Ask(rule, table, path, params=params, mark=shown or mark, statuses=_AMONG_OTHERS)


def _other_roads_to_rows() -> Iterator[Ask]:
    row = _ROWS[0]
    yield _query(row.rule, row.table, _SHAPES[0], row.column, row.mark, path="/tap_obs/sync")
    # Keywords of headers, which are in no catalogue.
    for shape in (
        "SELECT uraniborg_keyword('{m}', 'ESO INS MASK NAME') AS x FROM tap_schema.schemas",
        "SELECT uraniborg_keyword(r.dp_id, 'ESO INS MASK NAME') AS x FROM {t} AS r",
    ):
        yield _query("hidden", "dbo.raw", shape, "", _HIDDEN_RAW, HIDDEN_MASK)
    having = "SELECT {k} FROM {t} WHERE uraniborg_has_keyword({k}, 'ESO INS MASK NAME', '%s') = 1"
    yield _query("hidden", "dbo.raw", having % HIDDEN_MASK, "dp_id", _HIDDEN_RAW)
    # A position, by which the spatial index is used.
    yield _query(
        row.rule,
        row.table,
        "SELECT {k} FROM {t} WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(150, 2, 1))",
        row.column,
        row.mark,
    )
    # Tables that a user brings along, or keeps, joined with what is hidden.
    content = _UPLOAD.format(row.mark)
    boundary = "matrix"
    parts = {
        "LANG": "ADQL",
        "RESPONSEFORMAT": "csv",
        "UPLOAD": "mine,param:mine",
        "QUERY": f"SELECT o.dp_id FROM {row.table} AS o JOIN tap_upload.mine AS m ON m.name = o.dp_id",
    }
    yield Ask(
        row.rule,
        f"{row.table} joined with an upload",
        "/tap/sync",
        "POST",
        content=_multipart(boundary, parts, content),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        mark=row.mark,
        statuses=_AMONG_OTHERS,
    )
    yield _query(
        row.rule,
        row.table,
        f"SELECT o.{{k}} FROM {{t}} AS o JOIN {SHARED_TABLE} AS m ON m.name = o.{{k}}",
        row.column,
        row.mark,
    )


def _multipart(boundary: str, parts: Mapping[str, str], upload: str) -> bytes:
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    ]
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="mine"; filename="mine.xml"\r\n'
        f"Content-Type: application/x-votable+xml\r\n\r\n{upload}\r\n--{boundary}--\r\n"
    )
    return "".join(lines).encode()


# --- restricted -------------------------------------------------------------------------------------------


def _restricted() -> Iterator[Ask]:
    for table, column, mark in (
        ("dfs.review", "run_id", OTHERS),
        ("dfs.download_address", "address", "192.0.2.77"),
        ("dfs.investigator_account", "email", "johannes@observatory.example"),
        ("dfs.protection", "protected_key", _HIDDEN_RAW),
    ):
        for number, shape in enumerate(_SHAPES):
            if table == "dfs.review" or number in _BRIEF:
                asked = _query("restricted", table, shape, column, mark)
                yield replace(asked, statuses={}, everybody=number in _BRIEF)
    for path in ("/file/{}", "/dataPortal/file/{}", "/soda/sync?ID={}"):
        yield Ask("restricted", "allocations", path.format("allocations.P116.allocations.csv"), mark="OPC")


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_CSV = {"Content-Type": "text/csv"}

# --- tables that users keep -------------------------------------------------------------------------------


def _user_tables() -> Iterator[Ask]:
    # To others it is a table that there is not.
    unknown = {Verdict.UNKNOWN: 400}
    for number, shape in enumerate(_SHAPES):
        query = shape.format(t=SECRET_TABLE, k="note", m=SECRET_NOTE)
        params = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
        asked = Ask("private", SECRET_TABLE, "/tap/sync", params=params, mark=SECRET_NOTE, statuses=unknown)
        yield replace(asked, everybody=number in _BRIEF)
    for shape in _SHAPES[:3]:
        yield _query("public", SHARED_TABLE, shape, "name", _HIDDEN)
    yield Ask("private", SECRET_TABLE, "/tap/tables", mark=SECRET_TABLE, statuses=_AMONG_OTHERS)
    yield Ask("private", SECRET_TABLE, f"/tap/tables/{SECRET_TABLE}", mark="<name>note</name>")
    yield Ask("private", SECRET_TABLE, f"/tap/user_tables/{SECRET_TABLE}", mark="<name>note</name>")
    yield Ask("public", SHARED_TABLE, f"/tap/tables/{SHARED_TABLE}", mark=SHARED_TABLE)
    yield Ask("own tables", SECRET_TABLE, "/tap/user_tables", mark=SECRET_TABLE)
    # Pages show what is published.
    yield Ask("unknown", SECRET_TABLE, f"/tables/{SECRET_TABLE}")
    for tables in ("/tap/tables", "/tap/user_tables"):
        table = f"{tables}/{SECRET_TABLE}"
        yield Ask("own", SECRET_TABLE, f"{table}/sharing", mark="readers")
        shared = Ask("change of own", SECRET_TABLE, f"{table}/sharing", "PUT", headers=_FORM)
        yield replace(shared, content=b"PUBLIC=false")
        yield Ask("nobody else", SECRET_TABLE, table, "PUT", content=b"note\nx\n", headers=_CSV)
        yield Ask("nobody else", SECRET_TABLE, table, "DELETE")
    load = Ask("nobody else", SECRET_TABLE, f"/tap/load/{SECRET_TABLE}", "POST", content=b"note\nx\n")
    yield replace(load, headers=_CSV)


# --- jobs -------------------------------------------------------------------------------------------------


def _jobs() -> Iterator[Ask]:
    """Tycho's job in each tree; it is pending, so that its owner may change it as often as he likes."""
    for asked in _job_asks():
        yield replace(asked, everybody=asked.thing == JOB_TREES[0])


def _job_asks() -> Iterator[Ask]:
    for tree in JOB_TREES:
        job = f"{tree}/{{job}}"
        rule = "own tables" if tree == "/tap/table-update" else "own jobs"
        for end in ("", "/"):
            yield Ask(rule, tree, tree + end, mark="{job}")
        for part in ("", "/phase", "/executionduration", "/destruction", "/parameters", "/quote", "/owner"):
            yield Ask("own job", tree, job + part)
        yield Ask("own job", tree, f"{job}/results")
        for part in ("/error", "/results/result"):
            yield Ask("own job", tree, job + part, statuses={Verdict.GIVEN: 404})
        for part, name, value in (
            ("/executionduration", "EXECUTIONDURATION", "60"),
            ("/destruction", "DESTRUCTION", "2030-01-01T00:00:00Z"),
            ("/parameters", "RUNID", "mine"),
        ):
            changed = Ask("change of own job", tree, job + part, "POST", data={name: value})
            yield replace(changed, statuses={Verdict.GIVEN: 303})
        yield Ask("nobody else's job", tree, f"{job}/phase", "POST", data={"PHASE": "ABORT"})
        yield Ask("nobody else's job", tree, job, "POST", data={"ACTION": "DELETE"})
        yield Ask("nobody else's job", tree, job, "DELETE")

    for tree, (_, mark) in DONE.items():
        for end in ("/results/result", "/results", "/parameters", ""):
            seen = mark if end == "/results/result" else ""
            yield Ask("own job", f"{tree} that is over", f"{tree}/{{done}}{end}", mark=seen)


def _job_making() -> Iterator[Ask]:
    """Jobs run with the rights of who has made them."""
    for tree in JOB_TREES:
        for end in ("", "/"):
            rule = "own jobs of tables" if tree == "/tap/table-update" else "jobs"
            yield Ask(rule, tree, tree + end, "POST", statuses={Verdict.GIVEN: 303})
    row = _ROWS[0]
    for shape in (_SHAPES[0], _SHAPES[14]):
        for path in ("/tap/async", "/tap_obs/async"):
            query = shape.format(t=row.table, k=row.column, m=row.mark)
            data = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv", "PHASE": "RUN"}
            yield Ask("jobs", row.table, path, "POST", data=data, mark=row.mark, inner=row.rule)
    review = {"LANG": "ADQL", "QUERY": "SELECT run_id FROM dfs.review", "PHASE": "RUN"}
    yield Ask("jobs", "dfs.review", "/tap/async", "POST", data=review, mark=OTHERS, inner="restricted")
    for name in ("proprietary raw", "hidden image", "public image"):
        kept = FILES[name]
        for cut in ({}, _CUT):
            data = {"ID": did(kept), "PHASE": "RUN", **cut}
            yield Ask("jobs", name, "/soda/async", "POST", data=data, mark="SIMPLE  =", inner=_rule(kept))


# --- deliveries from the observatory ----------------------------------------------------------------------


def _incoming() -> Iterator[Ask]:
    tus = {"Tus-Resumable": "1.0.0"}
    # Who sends a token has to send one for this.
    for path in ("/incoming", "/incoming/abc"):
        yield Ask("open deliveries", "incoming", path, "OPTIONS", statuses={Verdict.GIVEN: 204})
    send = Ask("deliveries", "incoming", "/incoming", "POST", headers=tus, statuses={Verdict.GIVEN: 400})
    yield send
    yield replace(send, path="/incoming/queue", content=b"{}")
    part = {**tus, "Content-Type": "application/offset+octet-stream"}
    yield replace(send, path="/incoming/abc", method="PATCH", headers=part)
    gone = replace(send, path="/incoming/abc", statuses={})
    yield replace(gone, method="GET", statuses={Verdict.GIVEN: 404})
    yield replace(gone, method="DELETE", statuses={Verdict.GIVEN: 404})


# --- documents and pages ----------------------------------------------------------------------------------

_SERVICES = ("/tap", "/tap_obs", "/tap_cat", "/sia2", "/sia1", "/ssa", "/ssap", "/datalink", "/soda")


def _documents() -> Iterator[Ask]:
    """What says the same to everybody: in none of them is anything that not everybody may know."""
    for service in (*_SERVICES, "/cone/ivoa.ObsCore"):
        for name in ("capabilities", "availability"):
            yield Ask("public", "documents", f"{service}/{name}")
    for service in ("/tap", "/tap_obs", "/tap_cat"):
        for end in ("/tables", "/tables/tap_schema.tables", "/examples"):
            yield Ask("public", "documents", service + end)
        for end in ("", "/"):
            yield Ask("public", "documents", service + end, statuses={Verdict.GIVEN: 303})
    yield Ask("public", "documents", "/sia2/examples")
    for path in ("/", "/tables/ivoa.ObsCore", "/tables/dfs.review", "/cone", "/cone/", "/static/desk.css"):
        yield Ask("public", "pages", path)
    yield Ask("public", "pages", "/tables", statuses={Verdict.GIVEN: 303})
    for path in ("/transfers", "/transfers/state"):
        yield Ask("public", "pages", path)
    yield Ask("public", "registry", "/oai", params={"verb": "ListRecords", "metadataPrefix": "ivo_vor"})
    yield Ask("public", "registry", "/oai", "POST", data={"verb": "Identify"})
    for path in ("/tap_cat/sync", "/tap_obs/sync"):
        asked = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM tap_schema.tables"}
        yield Ask("public", "documents", path, params=asked)
        yield Ask("public", "documents", path, "POST", data=asked)
    yield from _log_in()
    yield from _account()


def _log_in() -> Iterator[Ask]:
    """Without what it takes to log in; that it works with it is shown elsewhere."""
    yield Ask("known", "login", "/login")
    for path in ("/login", "/login/cookie"):
        yield Ask("public", "login", path, "POST", statuses={Verdict.GIVEN: 400})
    for method in ("GET", "POST"):
        yield Ask("nobody known", "login", "/logout", method, statuses={Verdict.GIVEN: 303})
        yield Ask("nobody proven", "login", "/sso/oidc/token", method)
    yield Ask("known", "login", "/auth/whoami")
    yield Ask("no proof", "login", "/auth/refresh", "POST")
    yield Ask("nobody known", "login", "/auth/revoke", "POST", statuses={Verdict.GIVEN: 400})


def _account() -> Iterator[Ask]:
    yield Ask("account", "account", "/account", mark="tycho")
    yield Ask("account", "account", "/account/rights", mark=OURS[:8])
    yield Ask("account", "account", "/account/downloads")
    for name in ("register", "verify", "forgotten", "reset"):
        yield Ask("account or nobody", "account", f"/account/{name}")
        yield Ask("no form of ours", "account", f"/account/{name}", "POST")
    for name in ("details", "email", "password", "rights/grant", "rights/revoke"):
        yield Ask("nobody", "account", f"/account/{name}", "POST")
    for name in ("tokens", "tokens/revoke", "tokens/revoke-all"):
        yield Ask("nobody", "account", f"/account/{name}", "POST")
