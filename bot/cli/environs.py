"""What the parts of Runbook see of the environment besides settings: how to run, how to reach others."""

import sys
from collections.abc import Mapping

# What any program may see: how to run, nothing about anybody.
_PLAIN = {
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV"),
    *("LANG", "LANGUAGE", "TZ"),
}
# And what our own need to reach others.
_NETWORK = {
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
}
# macOS ends a process that uses its frameworks after a fork, and a worker forks for every job.
_MACOS = {
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
    # Where one such variable is set, Python asks no framework for the system's proxies.
    "NO_PROXY": "localhost,127.0.0.1",
}


def plain(environ: Mapping[str, str]) -> dict[str, str]:
    """What every program sees."""
    return {name: value for name, value in environ.items() if _is_plain(name)}


def network(environ: Mapping[str, str], platform: str = sys.platform) -> dict[str, str]:
    """What our own processes see on top."""
    found = {name: value for name, value in environ.items() if name.upper() in _NETWORK}
    return {**_MACOS, **found} if platform == "darwin" else found


def _is_plain(name: str) -> bool:
    return name in _PLAIN or name.startswith(("LC_", "PYTHON"))
