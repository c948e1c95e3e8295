"""Refusals: errors as AWS answers them, whose code and status depend on the protocol the caller speaks."""

from dataclasses import dataclass


class CloudError(Exception):
    """An error answer. `status` None leaves the HTTP status to the service's model."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        """The code is the one that a client sees as `Error.Code`."""
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Form:
    """One kind of refusal in the forms that the protocols have for it."""

    json: tuple[str, int]
    query: tuple[str, int]
    rest_json: tuple[str, int]
    ec2: tuple[str, int]
    rest_xml: tuple[str, int]

    def error(self, protocol: str, message: str, speaks_query_codes: bool = False) -> CloudError:
        """The refusal for a protocol; some JSON services kept the codes of their query days."""
        key = protocol.replace("-", "_")
        if key.startswith(("query", "smithy")) or (speaks_query_codes and key == "json"):
            key = "query"
        code, status = getattr(self, key)
        return CloudError(code, message, status)


DENIED = Form(
    json=("AccessDeniedException", 400),
    query=("AccessDenied", 403),
    rest_json=("AccessDeniedException", 403),
    ec2=("UnauthorizedOperation", 403),
    rest_xml=("AccessDenied", 403),
)
UNKNOWN_KEY = Form(
    json=("UnrecognizedClientException", 400),
    query=("InvalidClientTokenId", 403),
    rest_json=("UnrecognizedClientException", 403),
    ec2=("AuthFailure", 401),
    rest_xml=("InvalidAccessKeyId", 403),
)
BAD_SIGNATURE = Form(
    json=("InvalidSignatureException", 400),
    query=("SignatureDoesNotMatch", 403),
    rest_json=("InvalidSignatureException", 403),
    ec2=("AuthFailure", 401),
    rest_xml=("SignatureDoesNotMatch", 403),
)
UNSIGNED = Form(
    json=("MissingAuthenticationTokenException", 400),
    query=("MissingAuthenticationToken", 403),
    rest_json=("MissingAuthenticationTokenException", 403),
    ec2=("MissingAuthenticationToken", 403),
    rest_xml=("AccessDenied", 403),
)
UNKNOWN_OPERATION = Form(
    json=("UnknownOperationException", 400),
    query=("InvalidAction", 400),
    rest_json=("UnknownOperationException", 404),
    ec2=("InvalidAction", 400),
    rest_xml=("MethodNotAllowed", 405),
)
UNAVAILABLE = Form(
    json=("ServiceUnavailableException", 503),
    query=("ServiceUnavailable", 503),
    rest_json=("ServiceUnavailableException", 503),
    ec2=("Unavailable", 503),
    rest_xml=("ServiceUnavailable", 503),
)
