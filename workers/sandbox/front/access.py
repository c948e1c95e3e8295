"""IAM roles and security groups, as far as somebody can give back with them what was taken away."""

from workers.sandbox.front.desk import Desk, Handler, Result


def put_role_policy(desk: Desk) -> Result:
    """PutRolePolicy: a role may again what it may not since its policy was deleted."""
    desk.world.take_back("DeleteRolePolicy", desk.params["RoleName"], desk.now)
    return {}


def authorize_ingress(desk: Desk) -> Result:
    """AuthorizeSecurityGroupIngress: a port is open again."""
    desk.world.take_back("RevokeSecurityGroupIngress", str(desk.get("GroupId", "")), desk.now)
    return {"Return": True}


ROLES: dict[str, Handler] = {"PutRolePolicy": put_role_policy}
GROUPS: dict[str, Handler] = {"AuthorizeSecurityGroupIngress": authorize_ingress}
