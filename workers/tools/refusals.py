"""What AWS refuses, in our words: what is missing, what is off, and what to do next."""

import re

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from workers.domain.errors import AccessDenied, RunbookError, ToolFailed

DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "UnauthorizedOperation",
    "AuthFailure",
}
UNKNOWN_IDENTITY = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
# A clock that is five minutes off makes every signature invalid.
SKEWED = {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"}
SKEW = re.compile(r"signature (?:has )?expired|signature not yet current", re.IGNORECASE)
# The region, or the service in it, is not switched on for the account.
OFF = {"OptInRequired", "RegionDisabledException", "SubscriptionRequiredException"}
# What SSO, an instance's role or a program gave has run out, and nothing new was to be had.
ENDED = (
    CredentialRetrievalError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
RENEW = "Renew the credentials; `aws sso login` does where they come from SSO."
# The codes that botocore itself tries again for.
THROTTLED = {
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


def translated(error: ClientError, service: str, permission: str, region: str) -> RunbookError:
    """An error answer of a service as an error of ours; `permission` is what the call took."""
    detail = error.response.get("Error", {})
    code, message = str(detail.get("Code", "")), str(detail.get("Message", ""))
    if code in SKEWED or SKEW.search(message):
        why = f"AWS {service} does not accept the time of this machine: {message or code}"
        return ToolFailed(why, "Set its clock (NTP); AWS takes five minutes of difference.")
    if code in OFF:
        why = f"AWS {service} may not be used in {region}: {message or code}"
        return ToolFailed(
            why, f"Switch {region} on for the account, or take it out of providers.aws.regions."
        )
    if code in DENIED:
        named = re.search(r"perform: ([\w-]+:\w+)", message)
        who = re.search(r"User: (\S+)", message)
        return AccessDenied(named.group(1) if named else permission, who=who.group(1) if who else "")
    if code in UNKNOWN_IDENTITY:
        mend = (
            RENEW
            if "Expired" in code
            else f"Check the key, and that {region} is switched on for the account."
        )
        return AccessDenied(permission, on=f"AWS ({code}: the credentials are not valid)", mend=mend)
    if code in THROTTLED:
        return ToolFailed(f"AWS {service} asks for fewer calls: {message}", "Wait a minute.", throttled=True)
    return ToolFailed(f"AWS {service} refused: {code}: {message}")
