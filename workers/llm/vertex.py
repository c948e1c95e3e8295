"""Google's tokens for Vertex AI, by google-auth; needs the extra `vertex`."""

from functools import partial
from importlib import import_module
from typing import Any, cast

from workers.domain.errors import ModelFailed

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Credentials:
    """What the machine offers (GOOGLE_APPLICATION_CREDENTIALS, or its own identity).

    Made before a fork: it holds no connection, and its token is kept until it runs out.
    """

    def __init__(self) -> None:
        self._found: Any = None

    def token(self, pause: float) -> str:
        """One that still lasts; `pause` is how long Google may say nothing, in seconds."""
        # By name: half of its types are left unsaid.
        auth, wrong, transport = (
            cast(Any, import_module(f"google.auth{part}"))
            for part in ("", ".exceptions", ".transport.requests")
        )
        try:
            if self._found is None:
                self._found, _ = auth.default(scopes=[SCOPE])
            if not self._found.valid:
                # Left to itself, it waits for two minutes.
                self._found.refresh(partial(transport.Request(), timeout=pause))
        except wrong.GoogleAuthError as error:
            passing: bool = error.retryable or isinstance(error, wrong.TransportError)
            said = str(error.args[0] if error.args else error)[:200]
            mend = "Check the Google credentials of this machine."
            raise ModelFailed(f"Google gave no token ({said})", mend, passing=passing) from None
        return str(self._found.token)
