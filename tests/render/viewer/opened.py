"""A page in Chromium and everything it said or asked for."""

import time
from collections.abc import Sequence
from typing import Any

AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AXE_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that look at colours: all that dark mode can break of a page that light mode has passed."""
DRAWN = 'html[data-ready="1"]'
PATIENCE_SECONDS = 60.0
"""Until what should come at once is given up: a busy machine takes its time, and nobody waits for what is there."""
OVER = """() => {
 const seen = [], bad = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
 while (walker.nextNode()) {
  const node = walker.currentNode, parent = node.parentElement;
  if (!node.data.trim() || parent.closest('.sr,[hidden],option,.skip,script,style,noscript,.top,.state-head,.state-axis,thead')) continue;
  if (parent.closest('details:not([open])') && !parent.closest('summary')) continue;
  const style = getComputedStyle(parent), frame = parent.closest('.scroll,.states,.legend,.side b')?.getBoundingClientRect();
  if (style.visibility === 'hidden' || style.opacity === '0') continue;
  const range = document.createRange(); range.selectNodeContents(node);
  for (const box of range.getClientRects()) {
   if (box.width < 2 || box.height < 2) continue;
   if (frame && (box.right > frame.right + 1 || box.left < frame.left - 1 || box.bottom > frame.bottom + 1 || box.top < frame.top - 1)) continue;
   seen.push([box, node.data.trim().slice(0, 40), parent]);
  }
 }
 for (let i = 0; i < seen.length; i++) for (let j = i + 1; j < seen.length; j++) {
  const [a, s, p] = seen[i], [b, t, q] = seen[j];
  if (p === q) continue;
  const x = Math.min(a.right, b.right) - Math.max(a.left, b.left), y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (x > 1 && y > 4) bad.push([s, t, Math.round(x), Math.round(y)]);
 }
 return bad;
}"""


class Opened:
    """An own context per page: nothing remembered from another test. `said` is the console, `asked` the requests."""

    def __init__(self, chromium: Any, url: str, width: int = 1440, mode: str = "light", **context: Any) -> None:
        context = {"viewport": {"width": width, "height": 900}, "color_scheme": mode} | context
        self.context = chromium.new_context(**context)
        self.context.set_default_timeout(PATIENCE_SECONDS * 1000)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append("dialog"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = url

    def clocked(self) -> "Opened":
        """Its timers go by a clock that `later` sets forward: nobody waits for them."""
        self.page.clock.install()
        return self

    def later(self, seconds: float) -> None:
        self.page.clock.fast_forward(round(seconds * 1000))

    def open(self, url: str | None = None) -> "Opened":
        """Goes there and waits until everything is drawn."""
        self.page.goto(url or self.url)
        self.drawn()
        return self

    def visit(self) -> "Opened":
        """Goes there; a page that draws nothing itself is ready then."""
        self.page.goto(self.url)
        return self

    def drawn(self) -> None:
        self.page.wait_for_selector(DRAWN, state="attached")

    def show(self, report: str) -> None:
        """Another report of the same page, as its link shows it."""
        self.page.evaluate("() => { delete document.documentElement.dataset.ready; }")
        self.page.evaluate("report => { location.hash = `report=${report}&x=${Math.random()}`; }", report)
        self.page.wait_for_selector(DRAWN, state="attached")

    def until(self, expression: str) -> None:
        """Waits until `expression` is true; Playwright's own waiting evaluates text, which the policy forbids."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"still not: {expression}"
            self.page.wait_for_timeout(25)

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def axe(self, only: Sequence[str] = AXE_TAGS) -> list[tuple[str, int, str]]:
        """What axe finds by the rules of these tags, or these: rule, count, first element."""
        from axe_core_python.sync_playwright import Axe

        found = Axe().run(self.page, options={"runOnly": list(only), "resultTypes": ["violations"]})["violations"]
        return [(one["id"], len(one["nodes"]), one["nodes"][0]["html"][:160]) for one in found]
