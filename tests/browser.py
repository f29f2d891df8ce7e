"""Finds a Chromium for the journeys; `python -m tests.browser` installs one where there is none.

The system's browser first, then Playwright's own, then the system's packages when root. Never a silent skip.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright) -> Browser:
    """A headless browser that talks to nobody but us; RuntimeError with what to do where there is none."""
    path = system_browser() or own_browser(playwright)
    if path is None:
        raise RuntimeError("no Chromium: `make test` installs one, or install your system's chromium package")
    # Chromium refuses its sandbox to root.
    flags = (*QUIET, "--no-sandbox") if is_root() else QUIET
    return playwright.chromium.launch(executable_path=path, args=list(flags))


def system_browser() -> str | None:
    """The path of an installed browser, or None."""
    found = (shutil.which(name) for name in NAMES)
    there = (place for place in PLACES if Path(place).exists())
    return next((path for path in (*found, *there) if path), None)


def own_browser(playwright: Playwright) -> str | None:
    """The path of the browser that Playwright downloaded, or None."""
    path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def has_chinese_font() -> bool:
    """Whether a page's words would be drawn; systems without fontconfig bring their own."""
    if shutil.which("fc-list") is None:
        return sys.platform != "linux"
    return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=True).stdout.strip())


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install() -> None:
    """Install what is missing; exits with one clear line where that cannot be done."""
    with sync_playwright() as playwright:
        is_there = bool(system_browser() or own_browser(playwright))
    wanted = [] if is_there or _download() else ["chromium"]
    wanted += [] if has_chinese_font() else ["fonts-noto-cjk"]
    if not wanted:
        return
    if not (is_root() and shutil.which("apt-get")):
        sys.exit(f"The browser journeys need: {', '.join(wanted)}. Install them with your system's packages.")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environment)
    subprocess.run(
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "fontconfig", *wanted],
        check=True,
        env=environment,
    )


def _download() -> bool:
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return subprocess.run(command, check=False, timeout=900).returncode == 0


if __name__ == "__main__":
    install()
