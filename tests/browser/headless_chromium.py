"""A Chromium without a window, driven over its remote debugging pipe: nothing to install but the browser itself."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")


class Unavailable(Exception):
    """There is no browser here, or it does not start."""


class Chromium:
    """One page. `console` holds what it complained about, `requests` every address that it asked for."""

    def __init__(self, limit_s=30):
        program = next((found for found in map(shutil.which, NAMES) if found), None)
        if not program:
            raise Unavailable(f"none of {', '.join(NAMES)} is installed")
        self.limit_s, self.console, self.requests = limit_s, [], []
        self._profile = tempfile.TemporaryDirectory(prefix="sameseed-browser-")
        commands_out, commands_in = (fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in os.pipe())
        answers_out, answers_in = (fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in os.pipe())

        def place_pipes():  # the browser reads from 3 and writes to 4
            os.dup2(commands_out, 3)
            os.dup2(answers_in, 4)

        self._process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars",
             f"--user-data-dir={self._profile.name}", "--disable-background-networking", "--disable-dev-shm-usage",
             "about:blank"],
            preexec_fn=place_pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands_out)
        os.close(answers_in)
        self._in, self._out, self._buffer = commands_in, answers_out, b""
        self._last, self._session, self._events = 0, None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def _receive(self, until):
        while b"\0" not in self._buffer:
            if not select.select([self._out], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError(f"the browser said nothing for {self.limit_s} s")
            read = os.read(self._out, 1 << 20)
            if not read:
                raise Unavailable("the browser ended")
            self._buffer += read
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, message):
        method, given = message.get("method"), message.get("params", {})
        self._events.append(method)
        if method == "Runtime.exceptionThrown":
            details = given["exceptionDetails"]
            self.console.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning", "assert"):
            self.console.append(" ".join(str(one.get("value", one.get("description"))) for one in given["args"]))
        elif method == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            self.console.append(f"{given['entry']['text']} {given['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])

    def send(self, method, **parameters):
        self._last += 1
        command = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self._in, data):]
        until = time.monotonic() + self.limit_s
        while True:
            message = self._receive(until)
            if message.get("id") != self._last:
                self._note(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']['message']}")
            else:
                return message["result"]

    def open(self, address, width=1400, height=1000, dark=False, media=""):
        self.console, self.requests, self._events = [], [], []
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.look(dark, media)
        self.send("Page.navigate", url=address)
        until = time.monotonic() + self.limit_s
        while "Page.loadEventFired" not in self._events:
            self._note(self._receive(until))

    def look(self, dark=False, media=""):
        self.send("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def value(self, script):
        """What a JavaScript expression comes to; a promise is waited for."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']['exception'].get('description')}")
        return result["result"].get("value")

    def settle(self, script):
        """Waits, frame by frame, until an expression holds."""
        until = time.monotonic() + self.limit_s
        while not self.value(f"new Promise((take) => requestAnimationFrame(() => take(Boolean({script}))))"):
            if time.monotonic() > until:
                raise TimeoutError(f"never came true: {script}")

    def click(self, selector):
        """A real click in the middle of an element, which is scrolled to."""
        box = self.value(f"""(() => {{ const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{block: "center"}}); const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()""")
        self.click_at(*box)

    def click_at(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        text = key if len(key) == 1 else ""
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, whole=False):
        return base64.b64decode(self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def pdf(self):
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
