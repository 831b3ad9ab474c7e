"""A headless Chromium that is driven by keys, as a person at a keyboard drives it."""

import base64
import json
import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-component-update",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)
CODES = {"Enter": ("Enter", 13, "\r"), "Tab": ("Tab", 9, "")}


def find_browser():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page of a browser, told what to do through a pipe."""

    def __init__(self, folder, width=1200, height=900):
        # it reads commands from 3 and answers on 4
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        flags = [*FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
        script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, find_browser(), *flags],
            pass_fds=(theirs_in, theirs_out),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._out, self._in = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")
        self._number, self._rest, self._session = 0, b"", None
        self.console = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one for one in targets if one["type"] == "page")
        told = self.call(
            "Target.attachToTarget", targetId=page["targetId"], flatten=True
        )
        self._session = told["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.size(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=20)
        self._out.close()
        self._in.close()

    def call(self, method, **params):
        self._number += 1
        told = {"id": self._number, "method": method, "params": params}
        if self._session:
            told["sessionId"] = self._session
        self._out.write(json.dumps(told).encode() + b"\0")
        self._out.flush()
        while True:
            found = self._read()
            if found.get("id") == self._number:
                if "error" in found:
                    raise RuntimeError(found["error"])
                return found["result"]
            if found.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.console.append(found["params"])

    def _read(self):
        while b"\0" not in self._rest:
            chunk = self._in.read1(65536)
            if not chunk:
                raise EOFError("the browser has ended")
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def size(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def open(self, address):
        self.call("Page.navigate", url=address)

    def run(self, script):
        """Return what an expression is, awaited."""
        found = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def wait_for(self, words):
        """Wait until words stand on the page."""
        self.run(
            "new Promise((done, failed) => { const end = performance.now() + 20000;"
            " (function look() {"
            f" if (document.body?.innerText.includes({json.dumps(words)})) done();"
            " else if (performance.now() > end)"
            "   failed(new Error(document.body?.innerText));"
            " else setTimeout(look, 20); })(); })"
        )

    def press(self, key):
        name, code, text = CODES.get(key) or (key, ord(key.upper()), key)
        own = {"key": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **own)
        self.call("Input.dispatchKeyEvent", type="keyUp", **own)

    def shot(self, path):
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=False)
        path.write_bytes(base64.b64decode(taken["data"]))
