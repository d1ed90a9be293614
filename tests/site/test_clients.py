"""Unmodified clients, pyvo, astroquery, curl: one log-in for all services, one's own data and not others'."""

from __future__ import annotations

import gc
import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvo
import requests
from astroquery.eso import Eso, EsoClass, conf
from pyvo.auth import AuthSession, securitymethods

from archive.testing import ClusterForTests
from tests.access.observatory import FILES, fill
from tests.site.conftest import PASSWORD, Site, served

# pyvo leaves connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

OURS, PUBLIC = FILES["proprietary raw"], FILES["public raw"]


@pytest.fixture(scope="module")
def guarded(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An archive with something proprietary, of which tycho is the PI and johannes is not."""
    with served(test_cluster, tmp_path_factory.mktemp("guarded"), fill) as running:
        yield running


def is_ours(content: bytes) -> bool:
    return hashlib.sha256(content).digest() == hashlib.sha256(OURS.content).digest()


# --- pyvo -------------------------------------------------------------------------------------------------


def session_of(site: Site, way: str) -> AuthSession:
    session = AuthSession()
    match way:
        case "password":
            session.credentials.set_password("tycho", PASSWORD)
        case "cookie":
            host = site.address.removeprefix("http://").partition(":")[0]
            session.credentials.set_cookie("uraniborg_session", site.token().access, domain=host)
        case "token":
            bearer = requests.Session()
            bearer.headers["Authorization"] = f"Bearer {site.token().access}"
            session.credentials.set("ivo://ivoa.net/sso#OAuth", bearer)
    return session


@pytest.mark.parametrize("way", ["password", "cookie", "token"])
def test_pyvo_finds_by_the_capabilities_what_to_send(guarded: Site, way: str) -> None:
    session = session_of(guarded, way)
    service = pyvo.dal.TAPService(f"{guarded.address}/tap", session=session)
    assert securitymethods.ANONYMOUS in session._auth_urls.allowed_auth_methods(f"{guarded.address}/tap/sync")
    assert len(service.search("SELECT dp_id FROM dbo.raw")) > 0
    # A job is his own, and nobody else sees it.
    job = service.submit_job("SELECT TOP 1 dp_id FROM dbo.raw")
    assert job.owner == "tycho"
    stranger = pyvo.dal.TAPService(f"{guarded.address}/tap")
    assert [known.jobid for known in service.get_job_list()] == [job.job_id]
    assert stranger.get_job_list() == []
    job.delete()
    gc.collect()


def test_pyvo_follows_a_link_to_data_of_ones_own(guarded: Site) -> None:
    session = session_of(guarded, "password")
    images = pyvo.dal.SIA2Service(f"{guarded.address}/sia2", session=session)
    assert len(images.search(pos=(150.0, 2.0, 1.0))) > 0
    assert session.get(f"{guarded.address}/auth/whoami").status_code == 401  # which says nothing of pyvo's
    session.add_security_method_for_url(f"{guarded.address}/file/", securitymethods.BASIC)
    assert is_ours(session.get(f"{guarded.address}/file/{OURS.dp_id}").content)
    gc.collect()


def test_pyvo_without_credentials_goes_on_as_before(guarded: Site) -> None:
    service = pyvo.dal.TAPService(f"{guarded.address}/tap", session=AuthSession())
    assert len(service.search("SELECT TOP 1 dp_id FROM dbo.raw")) == 1
    gc.collect()


# --- astroquery -------------------------------------------------------------------------------------------


@pytest.fixture
def eso(guarded: Site, tmp_path: Path) -> Iterator[EsoClass]:
    """With only its addresses changed."""
    client = Eso()
    client.DOWNLOAD_URL = f"{guarded.address}/dataPortal/file/"
    client.AUTH_URL = f"{guarded.address}/sso/oidc/token"
    client.cache_location = tmp_path / "cache"
    with conf.set_temp("tap_obs_url", f"{guarded.address}/tap_obs"):
        yield client
    client._session.close()
    gc.collect()


def test_astroquery_gets_what_is_ones_own(
    eso: EsoClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What somebody types when it asks for his password.
    monkeypatch.setattr(eso, "_get_password", lambda *_, **__: (PASSWORD, None))
    eso.login(username="tycho")
    assert eso.authenticated()
    assert len(eso.query_main("hawki", authenticated=True)) > 0
    [file] = eso.retrieve_data([OURS.dp_id], destination=str(tmp_path))
    assert is_ours(Path(file).read_bytes())


@pytest.mark.parametrize("name", ["johannes", ""])
def test_astroquery_gets_nothing_of_others(eso: EsoClass, tmp_path: Path, name: str) -> None:
    assert not name or eso._authenticate(username=name, password=PASSWORD)
    found = eso.retrieve_data([OURS.dp_id, PUBLIC.dp_id], destination=str(tmp_path))
    assert [Path(file).read_bytes() for file in found] == [PUBLIC.content]


def test_astroquery_is_told_of_a_wrong_password(eso: EsoClass) -> None:
    assert not eso._authenticate(username="tycho", password="wrong")


# --- curl -------------------------------------------------------------------------------------------------


def curl(*arguments: str) -> tuple[int, bytes]:
    """Status and body."""
    done = subprocess.run(
        ["curl", "-sS", "-w", "%{stderr}%{http_code}", *arguments],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return int(done.stderr), done.stdout


def test_curl(guarded: Site) -> None:
    file = f"{guarded.address}/file/{OURS.dp_id}"
    assert curl(file)[0] == 401
    status, content = curl("-u", f"tycho:{PASSWORD}", file)
    assert status == 200 and is_ours(content)
    assert curl("-u", f"johannes:{PASSWORD}", file)[0] == 403
    status, token = curl("-u", f"tycho:{PASSWORD}", f"{guarded.address}/login")
    assert status == 200
    status, content = curl("--oauth2-bearer", token.decode(), file)
    assert status == 200 and is_ours(content)
    # It finds out by the challenges that Basic is known here.
    status, content = curl("--anyauth", "-u", f"tycho:{PASSWORD}", file)
    assert status == 200 and is_ours(content)
