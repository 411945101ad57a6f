"""A real headless browser: Chromium, as Qt brings it. Run as a script, in a process of its own.

In: paths of a page and of a folder for screenshots, and `light` or `dark`. Out: one JSON document of what the browser saw.
"""

import json
import os
import sys
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"
# Its own sandbox needs rights that containers do not give.
os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = (
    f"--disable-gpu --blink-settings=preferredColorScheme={int('dark' not in sys.argv)}"
)

from PySide6.QtCore import QEventLoop, QTimer, QUrl
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile, QWebEngineUrlRequestInterceptor
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

WIDTHS = (1100, 360)
FACTS = """JSON.stringify({
  title: document.title,
  headline: document.querySelector(".lead").innerText,
  hacked: window.hacked ?? null,
  paper: getComputedStyle(document.body).backgroundColor,
  width: window.innerWidth,
  overflow: document.documentElement.scrollWidth - window.innerWidth,
  outside: [...document.querySelectorAll("main *")].filter(each => !each.closest(".wide, pre, svg")
    && each.getBoundingClientRect().right > window.innerWidth + 1).map(each => each.outerHTML.slice(0, 80)),
  picture: document.querySelector(".picture img")?.naturalWidth ?? null,
})"""
SORT = """(() => {
  const table = [...document.querySelectorAll("#trials table")][0];
  const head = [...table.tHead.rows[0].cells].find(each => each.textContent === "$ an item");
  const prices = () => [...table.tBodies[0].rows].map(row => row.cells[head.cellIndex].dataset.value ?? null);
  const seen = [prices()];
  for (let turn = 0; turn < 2; turn++) {
    head.querySelector("button").click();
    seen.push([head.getAttribute("aria-sort"), prices()]);
  }
  return JSON.stringify(seen);
})()"""
OPEN = """(() => {
  const count = () => document.querySelectorAll("#disagreements details.item[open]").length;
  const before = count();
  document.querySelector("#disagreements button").click();
  return JSON.stringify([before, count()]);
})()"""


class Requests(QWebEngineUrlRequestInterceptor):
    """Notes what the page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def interceptRequest(self, info: Any) -> None:  # noqa: N802 - Qt's name
        self.seen.append(info.requestUrl().toString()[:60])


class Page(QWebEnginePage):
    """Notes what stands on the console."""

    said: list[str]

    def javaScriptConsoleMessage(self, level: Any, message: str, line: int, source: str) -> None:  # noqa: N802 - Qt's name
        self.said.append(f"{level}: {message}")


def main(path: str, folder: str) -> dict[str, Any]:
    """Load the page, use it, and measure it at each width."""
    app = QApplication(sys.argv[:1])
    profile, requests, view = QWebEngineProfile(), Requests(), QWebEngineView()
    profile.setUrlRequestInterceptor(requests)
    page = Page(profile, view)
    page.said = []
    view.setPage(page)
    view.resize(WIDTHS[0], 900)
    view.show()
    _until(lambda done: (page.loadFinished.connect(done), page.load(QUrl.fromLocalFile(path))))
    found: dict[str, Any] = {"widths": []}
    for width in WIDTHS:
        view.resize(width, 900)
        _until(lambda done: QTimer.singleShot(400, lambda: done(True)))
        facts = json.loads(_evaluate(page, FACTS))
        image = view.grab().toImage()
        image.save(os.path.join(folder, f"page-{width}.png"))
        step = range(0, min(image.width(), image.height()), 3)
        facts["colors"] = len({image.pixel(x, y) for x in step for y in step})
        found["widths"].append(facts)
    found["sorted"] = json.loads(_evaluate(page, SORT))
    found["opened"] = json.loads(_evaluate(page, OPEN))
    found |= {"requests": requests.seen, "console": page.said}
    view.close()
    page.deleteLater()
    app.processEvents()
    return found


def _evaluate(page: QWebEnginePage, script: str) -> str:
    return str(_until(lambda done: page.runJavaScript(script, done)))


def _until(begin: Any) -> Any:
    """Begin something that calls back, and wait for its answer, for 20 s at most."""
    loop, answers = QEventLoop(), []

    def done(answer: Any) -> None:
        answers.append(answer)
        loop.quit()

    QTimer.singleShot(20_000, loop.quit)
    begin(done)
    if not answers:
        loop.exec()
    if not answers:
        raise TimeoutError("the browser did not answer")
    return answers[0]


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(main(sys.argv[1], sys.argv[2]))}\n")
    sys.stdout.flush()
    # Taking Qt apart in the order that Python chooses may crash; all is said.
    os._exit(0)
