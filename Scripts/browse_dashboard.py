#!/usr/bin/env python3
"""Looks at the dashboard of a train server in a headless Chromium: light, dark, on a phone, and without JavaScript.

    browse_dashboard.py URL [--images FOLDER]

It fails if the page asks another server for anything, reports an error, is wider than the screen, does not show the
numbers of a model, or goes on showing them when none is loaded. With --images it leaves a picture of each. It needs
Python and Chromium, and speaks the browser's own protocol through a pipe.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

DESKTOP = (1200, 900, 1, False)
PHONE = (390, 844, 1.5, True)
VIEWS = {
    "light": (DESKTOP, "light", True),
    "dark": (DESKTOP, "dark", True),
    "phone": (PHONE, "light", True),
    "no-javascript": (DESKTOP, "light", False),
}


class Browser:
    """A Chromium that is told what to do, message by message."""

    def __init__(self, program, profile):
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={profile}"]

        def connect():
            # The browser reads from descriptor 3 and writes to 4.
            os.dup2(os.dup(to_browser), 3)
            os.dup2(os.dup(from_browser), 4)

        moved = [os.dup(fd) for fd in (to_browser, from_browser)]
        os.close(to_browser)
        os.close(from_browser)
        to_browser, from_browser = (os.dup2(fd, 50 + index) for index, fd in enumerate(moved))
        self.process = subprocess.Popen([program, *flags, "about:blank"], preexec_fn=connect, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (*moved, to_browser, from_browser):
            os.close(fd)
        self.rest = b""
        self.number = 0
        self.session = None
        self.events = []

    def next(self):
        while b"\0" not in self.rest:
            piece = os.read(self.input, 1 << 16)
            if not piece:
                sys.exit("Chromium has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.next())

    def open_tab(self):
        self.session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def close(self):
        self.session = None
        self.ask("Browser.close")
        self.process.wait()


def look(browser, url, view, images):
    """Opens the page as `view` says. Returns what is wrong with it."""
    (width, height, scale, is_phone), scheme, has_scripts = VIEWS[view]
    browser.open_tab()
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                mobile=is_phone)
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.ask("Emulation.setScriptExecutionDisabled", value=not has_scripts)
    browser.events.clear()
    browser.ask("Page.navigate", url=url)
    browser.wait("Page.loadEventFired")
    if has_scripts:
        end = time.monotonic() + 10
        while not browser.value("document.querySelectorAll('#models svg path').length"):
            if time.monotonic() > end:
                return ["no curve is drawn"]
            time.sleep(0.1)
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    problems = []
    for event in browser.events:
        what, parameters = event.get("method"), event.get("params", {})
        if what == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith(url):
            problems.append(f"it asks for {parameters['request']['url']}")
        if what == "Runtime.exceptionThrown":
            problems.append(parameters["exceptionDetails"]["text"])
        if what == "Log.entryAdded" and parameters["entry"]["level"] == "error" and "favicon" not in str(parameters):
            problems.append(parameters["entry"]["text"])
    wide = browser.value("document.documentElement.scrollWidth")
    if wide > width:
        problems.append(f"it is {wide} pixels wide on a screen of {width}")
    rows = browser.value("[...document.querySelectorAll('#rows tr')].map(row => row.innerText)")
    if not rows or "–" in rows[0].split("\t")[:5] or len(rows[0].split("\t")) != 10:
        problems.append(f"the table shows no numbers: {rows}")
    if not browser.value("document.querySelector('#servers').hidden || !!document.querySelector('#servers td.well')"):
        problems.append("no parameter server is well")
    if images:
        high = min(round(browser.value("document.body.getBoundingClientRect().height")), 1100)
        browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=high, deviceScaleFactor=scale,
                    mobile=is_phone)
        picture = browser.ask("Page.captureScreenshot", format="png")["data"]
        (images / f"dashboard-{view}.png").write_bytes(base64.b64decode(picture))
    if has_scripts:
        rows = browser.value("show({models: [], servers: []}), document.querySelector('#rows').textContent")
        if rows != "No model is loaded.":
            problems.append(f"when no model is loaded it shows: {rows}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--images", type=pathlib.Path)
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        sys.exit("no Chromium: install the package chromium")
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        problems = [f"{view}: {problem}" for view in VIEWS for problem in look(browser, options.url, view, options.images)]
        browser.close()
    if problems:
        sys.exit("\n".join(problems))
    print(f"{options.url} is as it should be: {', '.join(VIEWS)}")


if __name__ == "__main__":
    main()
