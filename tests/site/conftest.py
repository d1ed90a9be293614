"""The pages and the ways to log in, on a real server: one archive with a few accounts for all tests here."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from lxml import html

from archive import store as storage
from archive.access import Accounts, Issued
from archive.access.administration import Administration
from archive.config import Config
from archive.database import Database
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from tests.serving import listening, serving

PASSWORD = "a nova in Cassiopeia"
PEOPLE = {"tycho": "Tyge Ottesen Brahe", "johannes": "Johannes Kepler"}
OPERATORS_TOKEN = "the-token-of-the-operator-0123456789"
BROWSER = {"User-Agent": "Mozilla/5.0 (test)", "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

# Reading the machine's certificates for every client would take longer than the tests.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Site:
    """The archive at `address`; `PEOPLE` have accounts, ursus is operator by a token of the environment."""

    address: str
    database: Database
    config: Config
    accounts: Accounts

    def client(self, **headers: str) -> httpx.Client:
        """A program, which sends these headers each time."""
        return httpx.Client(base_url=self.address, timeout=30, headers=headers, verify=_NO_TLS)

    def browser(self) -> Browser:
        return Browser(self.client(**BROWSER))

    def token(self, name: str = "tycho") -> Issued:
        return self.accounts.log_in(name, PASSWORD)

    def mails(self) -> list[str]:
        folder = Path(self.config.mail_folder)
        return [file.read_text("utf-8") for file in sorted(folder.iterdir())]


@dataclass(frozen=True)
class Browser:
    """A client with cookies that fills in forms, as somebody without JavaScript does."""

    client: httpx.Client

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def submit(self, page: httpx.Response, action: str, /, **values: str) -> httpx.Response:
        """Sends the page's form of that action, with these values, as a browser does."""
        forms = html.fromstring(page.content).forms
        [form] = [form for form in forms if form.get("action") == action][:1]
        fields = dict(form.form_values()) | values
        origin = str(self.client.base_url).rstrip("/")
        return self.client.post(action, data=fields, headers={"Origin": origin})

    def log_in(self, name: str = "tycho", password: str = PASSWORD, back: str = "") -> httpx.Response:
        page = self.get("/login" + (f"?back={back}" if back else ""))
        return self.submit(page, "/login", username=name, password=password)


def link_in(mail: str) -> str:
    """Path and query string of the address in a message."""
    found = re.search(r"https?://[^/\s]+(/account/\S+)", mail)
    assert found is not None, mail
    return found[1]


def said(page: httpx.Response) -> str:
    return " ".join(html.fromstring(page.content).xpath("string(//*[contains(@class, 'said')])").split())


@contextmanager
def served(
    cluster: ClusterForTests,
    folder: Path,
    fill: Callable[[Database, Config], Store] | None = None,
    **settings: object,
) -> Iterator[Site]:
    """`fill` puts something into the archive, and gives the store where it is."""
    listener = listening()
    (folder / "mail").mkdir()
    config = Config(
        data_folder=folder,
        port=listener.getsockname()[1],
        operators=("ursus",),
        mail_folder=str(folder / "mail"),
    )
    config = replace(config, **settings)  # type: ignore[arg-type]
    with cluster.database(config=config) as database:
        store = (fill or _nothing)(database, config)
        for name, full_name in PEOPLE.items():
            email = f"{name}@observatory.example"
            office = Administration(database, config)
            office.add(name, email=email, password=PASSWORD, full_name=full_name, institute="Uraniborg")
        accounts = Accounts(database, config)
        with serving(create_app(config, database, store), listener) as address:
            yield Site(address, database, config, accounts)
        accounts.close()


def _nothing(database: Database, config: Config) -> Store:
    with database.writer() as connection:
        storage.initialise(connection)
    return Store(config.data_folder / "files")


@pytest.fixture(scope="session")
def site(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("URANIBORG_TOKENS", f"ursus:{OPERATORS_TOKEN}")
        with served(test_cluster, tmp_path_factory.mktemp("site")) as running:
            yield running
