"""Who Runbook is in AWS: sessions of profiles, keys and roles, whose credentials are renewed in time.

Whoever looks by a role may do less than the role itself, whatever the role allows.
"""

import json
from functools import partial
from typing import Any, cast

from boto3.session import Session
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.loaders import create_loader
from botocore.session import get_session
from pydantic import SecretStr

from workers.domain.errors import SettingsError
from workers.settings import Identity, Role
from workers.tools.permissions import Who, session_policy

_LOADER: Any = create_loader()
NAMED = "runbook"
"""How the sessions of roles are called, which is what CloudTrail shows."""


def session(
    identity: Identity, region: str, *, who: Who | None = None, endpoint_url: str | None = None
) -> Session:
    """As a profile, a key or the machine itself; then as its role, where it has one.

    With `who`, the role's session may do only what that process needs.
    """
    base = Session(
        botocore_session=_botocore(),
        profile_name=identity.profile,
        aws_access_key_id=_plain(identity.access_key_id),
        aws_secret_access_key=_plain(identity.secret_access_key),
        aws_session_token=_plain(identity.session_token),
        region_name=region,
    )
    if identity.role_arn is None:
        return base
    return _assumed(base, identity.role_arn, identity.external_id, region, who, endpoint_url)


def within(
    identity: Identity, role: Role, region: str, *, who: Who | None = None, endpoint_url: str | None = None
) -> Session:
    """In one of several accounts: by a profile of its own, or a role that `identity` assumes."""
    if role.profile is not None:
        own = Identity(profile=role.profile, role_arn=role.role_arn, external_id=role.external_id)
        return session(own, region, who=who, endpoint_url=endpoint_url)
    if role.role_arn is None:
        return session(identity, region, who=who, endpoint_url=endpoint_url)
    base = session(identity, region, endpoint_url=endpoint_url)
    return _assumed(base, role.role_arn, role.external_id, region, who, endpoint_url)


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _assumed(
    base: Session, role: str, external_id: str | None, region: str, who: Who | None, endpoint_url: str | None
) -> Session:
    asked: dict[str, Any] = {"RoleSessionName": NAMED}
    if external_id is not None:
        asked["ExternalId"] = external_id
    if who is not None:
        partition = role.split(":")[1]
        asked["PolicyArns"] = [{"arn": f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"}]
        asked["Policy"] = json.dumps(session_policy(who), separators=(",", ":"))
    source = base.get_credentials()
    if source is None:
        raise SettingsError(
            f"AWS does not know who asks for the role {role}: no credentials were found",
            "Name a profile or a key, or give the machine a role.",
        )
    fetcher: Any = AssumeRoleCredentialFetcher(
        client_creator=partial(cast(Any, base).client, region_name=region, endpoint_url=endpoint_url),
        source_credentials=source,
        role_arn=role,
        extra_args=asked,
    )
    assumed: Any = _botocore()
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return Session(botocore_session=assumed, region_name=region)


def _botocore() -> Any:
    """A session that shares the models of services, which take longer to parse than most calls."""
    made: Any = get_session()
    made.register_component("data_loader", _LOADER)
    return made
