"""The Messages API as Google's Vertex AI offers it, and Google's tokens for it; imports nothing of ours.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude and RFC 7523.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.model_server import Body, Headers, Invalid

PROJECT, REGION = "acme-prod", "europe-west1"
WHO = "runbook@acme-prod.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""What google-auth signs for, wherever the account's file sends it."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
STATUS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_PATH = re.compile(r"/projects/([^/]+)/locations/([^/]+)/publishers/anthropic/models/([^/:]+):(\w+)$")


class Google:
    """Gives a token to whoever signs with the key of its one account; `lasts` is for how many seconds."""

    path = "/token"

    def __init__(self) -> None:
        self._key: Any = None
        self.forget()

    def forget(self) -> None:
        self.lasts = 3600
        self.given: list[str] = []
        self.refuses = ""

    def account(self, folder: Path, address: str) -> Path:
        """The file of a service account's key, as the Google console gives it."""
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "local",
            "private_key": self._keys()[0],
            "client_email": WHO,
            "client_id": "1",
            "token_uri": address + self.path,
        }
        file = folder / "account.json"
        file.write_text(json.dumps(account))
        return file

    def token(self, text: bytes) -> Body:
        """An answer to a signed assertion."""
        form = {name: values[0] for name, values in parse_qs(text.decode()).items()}
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise Invalid("unsupported_grant_type")
        claims = self._signed(form.get("assertion", ""))
        if self.refuses or claims.get("iss") != WHO or SCOPE not in claims.get("scope", "").split():
            raise Invalid(self.refuses or "invalid_scope")
        self.given.append(f"ya29.local-{len(self.given) + 1}")
        return {"access_token": self.given[-1], "expires_in": self.lasts, "token_type": "Bearer"}

    def opens(self, path: str) -> bool:
        """Whether this is the way to Google, for a token or to Vertex AI."""
        return path == self.path or path.startswith("/projects/")

    def unwrapped(self, path: str, headers: Headers, body: Body) -> Body:
        """The body as the Messages API knows it."""
        found = _PATH.match(path)
        if not found or found[1] != PROJECT or found[2] != REGION:
            raise Invalid("The requested URL was not found", 404)
        if headers.get("authorization") != f"Bearer {self.given[-1] if self.given else None}":
            raise Invalid("Request had invalid authentication credentials.", 401)
        if found[4] != "streamRawPredict" or body.get("stream") is not True:
            raise Invalid("stream: Input should be true")
        if not re.fullmatch(r"(vertex-)?\d{4}-\d\d-\d\d", body.get("anthropic_version", "")):
            raise Invalid("anthropic_version: Field required")
        if "model" in body:
            raise Invalid("model: Extra inputs are not permitted")
        rest = {key: value for key, value in body.items() if key != "anthropic_version"}
        return {**rest, "model": found[3]}

    def error(self, path: str, status: int, message: str) -> Body | None:
        """An error in Google's words; `None` where it is the model's own."""
        if path == self.path:
            return {"error": message, "error_description": "the assertion was refused"}
        error = {"code": status, "message": message, "status": STATUS.get(status, "INTERNAL")}
        return {"error": error} if status != 400 else None

    # Who needs no token does not wait for these imports, nor for a key.

    def _keys(self) -> tuple[str, bytes]:
        """The account's private key, and the public one."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        if self._key is None:
            self._key = rsa.generate_private_key(65537, 2048)
        private = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return private.decode(), public

    def _signed(self, assertion: str) -> dict[str, Any]:
        """What an assertion claims."""
        from google.auth import exceptions, jwt

        try:
            return dict(jwt.decode(assertion, [self._keys()[1]], audience=AUDIENCE))
        except (ValueError, exceptions.GoogleAuthError):
            raise Invalid("invalid_grant") from None
