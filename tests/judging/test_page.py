"""The page in a real browser, on the real service with real trials."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from grasp_learning.datasets.submission import write_submission
from grasp_planning.grasps import GraspRectangle
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.service.app import create_app
from grasp_sim.judging.service.guard import LOOPBACK

selenium = pytest.importorskip("selenium", reason="selenium is not installed")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en",
)  # fmt: skip
pytestmark = pytest.mark.skipif(
    BROWSER is None or DRIVER is None, reason="Chromium and its chromedriver are not installed"
)


@pytest.fixture(scope="module")
def address(exam: Exam) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(create_app(exam, workers=2, hosts=LOOPBACK), host="127.0.0.1", port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}", "--window-size=1280,1000"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Page:
    browser.get("about:blank")
    browser.get(address)
    return Page(browser)


class Page:
    """What a user sees and does."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser
        self.wait_for("#part option")

    def find(self, selector: str) -> list[WebElement]:
        return [element for element in self.browser.find_elements(By.CSS_SELECTOR, selector) if element.is_displayed()]

    def wait_for(self, selector: str, text: str = "") -> WebElement:
        def found(_: object) -> WebElement | None:
            return next((element for element in self.find(selector) if text in element.text), None)

        return WebDriverWait(self.browser, 60, ignored_exceptions=[Exception]).until(
            found, f"'{text}' in {selector} was never seen"
        )

    def upload(self, file: Path, label: str = "") -> None:
        self.browser.find_element(By.ID, "file").send_keys(str(file))
        self.browser.find_element(By.ID, "label").send_keys(label)
        self.browser.find_element(By.ID, "send").click()

    def complaints(self) -> list[str]:
        """What the browser's console says, answers that are meant to be errors left out."""
        messages = [entry["message"] for entry in self.browser.get_log("browser")]
        return [message for message in messages if "422" not in message]


@pytest.fixture
def submission(annotated: dict[str, GraspRectangle], tmp_path: Path) -> Path:
    """Five scenes: four good grasps, one outside the image; the sixth is not there."""
    grasps = dict(list(annotated.items())[:5])
    first = next(iter(grasps))
    grasps[first] = replace(grasps[first], x=-40.0)
    write_submission(tmp_path / "predictions.txt", grasps)
    return tmp_path / "predictions.txt"


def test_upload_watch_filter_look_and_download(page: Page, submission: Path, address: str) -> None:
    page.wait_for("#dataset", "6 scenes of 3 objects")
    page.upload(submission, "<b>bold</b> & co")
    page.wait_for("#job-state", "done")
    assert page.wait_for("#job-name").text == "<b>bold</b> & co"
    assert "All 6 scenes judged" in page.wait_for("#status").text

    filters = {button.get_attribute("data-phase"): button for button in page.find("#filters button")}
    assert filters["all"].text == "all 6"
    assert filters["invalid"].text == "invalid 1"
    assert filters["no_prediction"].text == "no prediction 1"
    succeeded = int(filters["success"].text.split()[1])
    assert succeeded >= 2
    assert page.wait_for("#rate").text == f"{100 * succeeded / 6:.1f} %"
    assert page.wait_for("#counts").text.startswith(f"{succeeded} of 6 succeeded; 95 % interval ")
    assert len(page.find(".scene")) == 6

    filters["invalid"].click()
    page.wait_for("#filters [data-phase=invalid][aria-pressed=true]")
    (card,) = page.find(".scene")
    assert "lies outside the 256x256 image" in card.text

    page.find("#filters [data-phase=success]")[0].click()
    page.wait_for("#filters [data-phase=success][aria-pressed=true]")
    assert len(page.find(".scene")) == succeeded
    page.find(".scene")[0].click()
    page.wait_for("#viewer-title", "success")
    picture = page.wait_for("#viewer-picture")
    WebDriverWait(page.browser, 20).until(lambda _: picture.get_property("naturalWidth") == 720)
    page.find("#next")[0].click()
    assert page.find("#previous")[0].is_enabled()
    page.find("#shut")[0].click()
    assert page.find("#viewer") == []

    link = page.wait_for("#json").get_attribute("href")
    assert link is not None and link.startswith(f"{address}/api/jobs/")
    with urllib.request.urlopen(link) as answer:
        content = json.load(answer)
    assert (content["trials"], content["successes"]) == (6, succeeded)
    assert page.find("#csv")
    assert page.complaints() == []


def test_a_bad_file_shows_its_lines_and_can_be_judged_without_them(page: Page, submission: Path) -> None:
    text = submission.read_text().splitlines()
    text[3] = "12;<img src=x onerror=alert(1)>;3;4;5"
    submission.write_text("\n".join(text) + "\n")
    page.upload(submission)
    error = page.wait_for("#error", "1 line is wrong")
    assert "Line 4" in error.text
    assert "12;<img src=x onerror=alert(1)>;3;4;5" in error.text
    assert "not a number" in error.text
    page.wait_for("#skip").click()
    page.wait_for("#job-facts", "1 line of the file skipped")
    page.wait_for("#job-state", "done")
    assert page.find("#error") == []
    assert page.wait_for("#filters [data-phase=no_prediction]").text == "no prediction 2"
    assert page.complaints() == []


def test_a_narrow_screen_needs_no_sideways_scrolling(page: Page, submission: Path) -> None:
    page.upload(submission)
    page.wait_for("#job-state", "done")
    try:
        page.browser.set_window_size(500, 900)
        widths = page.browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1]
    finally:
        page.browser.set_window_size(1280, 1000)


def test_every_control_has_a_name(page: Page, submission: Path) -> None:
    page.upload(submission)
    page.wait_for("#job-state", "done")
    controls = page.find("button, input, select, a")
    assert len(controls) > 15
    assert [control.get_attribute("outerHTML") for control in controls if not control.accessible_name] == []
