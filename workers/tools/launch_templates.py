"""What a launch template version says about the service on its instances: image, role, environment."""

import base64
import binascii
import re
from typing import Any

# What user data writes into an environment file, exports, or puts into a systemd unit.
_SETTING = re.compile(
    r"""^\s*(?:export\s+|Environment=)?["']?([A-Z][A-Z0-9_]*)=(.*?)["']?\s*$""", re.MULTILINE
)


def environment(version: dict[str, Any]) -> dict[str, str]:
    """The environment variables in the user data of a `LaunchTemplateVersion`."""
    return dict(_SETTING.findall(_script(version)))


def security_groups(version: dict[str, Any]) -> list[str]:
    """The ids of the security groups that its instances are in."""
    body: dict[str, Any] = version["LaunchTemplateData"]
    networks: list[dict[str, Any]] = body.get("NetworkInterfaces", [])
    return [*body.get("SecurityGroupIds", []), *(one for net in networks for one in net.get("Groups", []))]


def flat(version: dict[str, Any]) -> dict[str, str]:
    """A version as flat keys: `image`, `type`, `role`, `environment.NAME`, and the `command` around them."""
    body: dict[str, Any] = version["LaunchTemplateData"]
    script = _script(version)
    found = {
        "image": body.get("ImageId", ""),
        "type": body.get("InstanceType", ""),
        "role": body.get("IamInstanceProfile", {}).get("Name", ""),
        "command": _SETTING.sub("", script),
    }
    settings = {f"environment.{name}": value for name, value in environment(version).items()}
    return {key: value for key, value in found.items() if value} | settings


def _script(version: dict[str, Any]) -> str:
    """The user data as text; what is packed or no text at all is read as none."""
    try:
        return base64.b64decode(version["LaunchTemplateData"].get("UserData", "")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
