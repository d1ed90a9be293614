"""Unmodified clients, pyvo, astroquery, curl: one log-in for all services, one's own data and not others'."""

from __future__ import annotations

import gc
import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import astropy.units as u
import pytest
import pyvo
import requests
from astroquery.eso import Eso, EsoClass, conf
from pyvo.auth import AuthSession, securitymethods
from pyvo.dal.exceptions import DALServiceError

from archive.testing import ClusterForTests
from tests.access.observatory import FILES, fill
from tests.datalink.conftest import vocabulary
from tests.documentation import Page
from tests.site.conftest import PASSWORD, Site, served

__all__ = ["vocabulary"]

# pyvo leaves connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

OURS, PUBLIC = FILES["proprietary raw"], FILES["public raw"]
DOCUMENTED = "HAWKI.2026-03-14T03:51:54.000"  # of the demonstration, in docs/users/login.md


@pytest.fixture(scope="module")
def guarded(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An archive with something proprietary, of which tycho is the PI and johannes is not."""
    with served(test_cluster, tmp_path_factory.mktemp("guarded"), fill) as running:
        yield running


def is_ours(content: bytes) -> bool:
    return hashlib.sha256(content).digest() == hashlib.sha256(OURS.content).digest()


# --- pyvo -------------------------------------------------------------------------------------------------


def session_of(site: Site, way: str, name: str = "tycho") -> AuthSession:
    session = AuthSession()
    match way:
        case "password":
            session.credentials.set_password(name, PASSWORD)
        case "cookie":
            host = site.address.removeprefix("http://").partition(":")[0]
            session.credentials.set_cookie("uraniborg_session", site.token(name).access, domain=host)
        case "token":
            session = session_with(site.token(name).access)
    return session


def session_with(token: str) -> AuthSession:
    bearer = requests.Session()
    bearer.headers["Authorization"] = f"Bearer {token}"
    session = AuthSession()
    session.credentials.set("ivo://ivoa.net/sso#OAuth", bearer)
    return session


def frame_of(site: Site, session: AuthSession) -> pyvo.dal.Record:
    service = pyvo.dal.TAPService(f"{site.address}/tap", session=session)
    [frame] = service.search(f"SELECT * FROM ivoa.ObsCore WHERE dp_id = '{OURS.dp_id}'")
    return frame


def part_of(frame: pyvo.dal.Record, session: AuthSession) -> bytes:
    """pyvo would ask for parts without its session if it were not told."""
    circle = (frame["s_ra"], frame["s_dec"], 0.1) * u.deg
    content: bytes = frame.processed(circle=circle, session=session).read()
    return content


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


@pytest.mark.usefixtures("vocabulary")
@pytest.mark.parametrize("way", ["password", "cookie", "token"])
def test_pyvo_follows_links_to_data_of_ones_own(guarded: Site, way: str) -> None:
    session = session_of(guarded, way)
    frame = frame_of(guarded, session)
    links = frame.getdatalink()
    assert all(link["link_authorized"] for link in links)
    assert is_ours(next(links.bysemantics("#this")).getdataset().read())
    assert part_of(frame, session).startswith(b"SIMPLE  =")
    # The image service says as much as TAP does.
    images = pyvo.dal.SIA2Service(f"{guarded.address}/sia2", session=session_of(guarded, way))
    [image] = [row for row in images.search(pos=(150.0, 2.0, 1.0)) if row["dp_id"] == OURS.dp_id]
    assert is_ours(image.getdataset().read())
    gc.collect()


# pyvo does not know all that capabilities may say.
@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning")
@pytest.mark.usefixtures("vocabulary")
def test_pyvo_asks_the_links_service(guarded: Site) -> None:
    session = session_of(guarded, "password")
    service = pyvo.dal.adhoc.DatalinkService(f"{guarded.address}/datalink/links", session=session)
    links = service.run_sync([OURS.dp_id])
    assert is_ours(next(links.bysemantics("#this")).getdataset().read())
    gc.collect()


@pytest.mark.usefixtures("vocabulary")
@pytest.mark.parametrize("name", ["johannes", ""])
def test_pyvo_gets_nothing_of_others(guarded: Site, name: str) -> None:
    session = session_of(guarded, "password", name) if name else AuthSession()
    frame = frame_of(guarded, session)
    this = next(frame.getdatalink().bysemantics("#this"))
    assert not this["link_authorized"]
    refused = rf"{OURS.dp_id} is proprietary until .*rights on {OURS.run}"
    with pytest.raises(DALServiceError, match=refused):
        this.getdataset()
    with pytest.raises(DALServiceError, match=refused):
        part_of(frame, session)
    gc.collect()


def test_pyvo_sends_nothing_to_others(guarded: Site) -> None:
    session = session_of(guarded, "password")
    pyvo.dal.TAPService(f"{guarded.address}/tap", session=session)
    for address in (f"{guarded.address}0/tap", "https://elsewhere.example/file/x"):
        assert session._auth_urls.allowed_auth_methods(address) == {securitymethods.ANONYMOUS}
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


def test_astroquery_keeps_the_password_if_it_is_told_to(
    eso: EsoClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([PASSWORD])
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr("getpass.getpass", lambda *_: next(typed))
    monkeypatch.setattr("keyring.get_password", lambda *whose: kept.get(whose))
    monkeypatch.setattr(
        "keyring.set_password", lambda service, name, word: kept.update({(service, name): word})
    )
    eso.login(username="tycho", store_password=True)
    eso._auth_info = None
    eso.login(username="tycho")  # which asks for nothing
    assert eso._auth_info is not None and not eso._auth_info._expired()
    assert list(kept.values()) == [PASSWORD]


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


# --- all of them ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("vocabulary")
def test_one_token_does_for_all(guarded: Site, eso: EsoClass, tmp_path: Path) -> None:
    assert eso._authenticate(username="tycho", password=PASSWORD)
    token = eso._auth_info.token
    [file] = eso.retrieve_data([OURS.dp_id], destination=str(tmp_path))
    assert is_ours(Path(file).read_bytes())
    this = next(frame_of(guarded, session_with(token)).getdatalink().bysemantics("#this"))
    assert is_ours(this.getdataset().read())
    address = f"{guarded.address}/file/{OURS.dp_id}"
    ways = [("--oauth2-bearer", token), ("-u", f"tycho:{token}"), ("-b", f"uraniborg_session={token}")]
    for way in ways:
        status, content = curl(*way, address)
        assert status == 200 and is_ours(content), way
    # And it ends for all of them at once.
    assert curl("-d", f"token={token}", f"{guarded.address}/auth/revoke")[0] == 200
    assert [curl(*way, address)[0] for way in ways] == [401, 401, 401]
    gc.collect()


@pytest.mark.usefixtures("vocabulary")
def test_documented(guarded: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/users/login.md shows runs as it stands, but for the address and the file."""
    page = Page(Page.read("users/login.md").text.replace(DOCUMENTED, OURS.dp_id))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("getpass.getpass", lambda *_: PASSWORD)
    monkeypatch.setattr("keyring.get_password", lambda *_: None)
    monkeypatch.setattr(Eso, "cache_location", tmp_path / "cache", raising=False)
    blocks = page.blocks("python", guarded.address)
    assert len(blocks) == 4
    with conf.set_temp("tap_obs_url", conf.tap_obs_url):
        exec("\n".join(blocks), {})  # noqa: S102  # our own page
    assert is_ours((tmp_path / "frame.fits").read_bytes())
    assert (tmp_path / "part.fits").read_bytes().startswith(b"SIMPLE  =")
    [file] = (tmp_path / "frames").iterdir()
    assert is_ours(file.read_bytes())
    gc.collect()


def test_documented_commands(guarded: Site, tmp_path: Path) -> None:
    """Those of curl, which is everywhere."""
    page = Page(Page.read("users/login.md").text.replace(DOCUMENTED, OURS.dp_id))
    lines = "\n".join(page.blocks("sh", guarded.address)).splitlines()
    commands = [line.replace("-u tycho", f"-u 'tycho:{PASSWORD}'") for line in lines if "curl" in line]
    assert len(commands) == 4
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b'"name": "tycho"' in done.stdout
    files = list(tmp_path.iterdir())
    assert len(files) == 2 and all(is_ours(file.read_bytes()) for file in files)
