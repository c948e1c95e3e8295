"""Who and what is in the workspace at the start. Plain data: change a row to change the cast."""

from dataclasses import dataclass

TEAM_ID = "T0FERNHILL1"
OTHER_TEAM_ID = "T0ELSEWHERE"
"""The workspace with which some channels are shared."""
TEAM_NAME = "Fernhill"
TEAM_DOMAIN = "fernhill"
APP_ID = "A0RUNBOOK01"
BOT_USER_ID = "U0RUNBOOK01"
BOT_ID = "B0RUNBOOK01"
ALARM_APP_ID = "A0CWALARMS1"
ALARM_USER_ID = "U0CWALARMS1"
ALARM_BOT_ID = "B0CWALARMS1"

# Joined at run time, so that no scanner takes a stand-in's token for a leaked one.
BOT_TOKEN = "-".join(("xoxb", "7000000000001", "7000000000002", "localstandin0000000000"))
APP_TOKEN = "-".join(("xapp", "1", APP_ID, "7000000000003", "localstandin0000000000"))


@dataclass(frozen=True)
class User:
    """Somebody in the workspace, a person or a bot user. `key` is the short word tests and scripts use."""

    id: str
    key: str
    real_name: str
    role: str
    color: str
    title: str = ""
    is_restricted: bool = False
    deleted: bool = False
    bot_id: str = ""
    app_id: str = ""

    @property
    def name(self) -> str:
        """The handle, such as `alice.chen`."""
        return self.real_name.lower().replace(" ", ".") if not self.bot_id else self.key

    @property
    def initials(self) -> str:
        """What stands in the avatar."""
        return "".join(word[0] for word in self.real_name.split()[:2])


PEOPLE = (
    User("U0ALICECHEN", "alice", "Alice Chen", "on call", "#0b6e8f", "Payments engineer, on call this week"),
    User("U0BENOKAFOR", "ben", "Ben Okafor", "approver", "#8a4b08", "Engineering manager, approves changes"),
    User("U0CAROLDIAZ", "carol", "Carol Diaz", "bystander", "#7a3e9d", "Product designer"),
    User("U0DANPRICE1", "dan", "Dan Price", "guest", "#4d6b1f", "Contractor", is_restricted=True),
)
RUNBOOK = User(BOT_USER_ID, "runbook", "Runbook", "app", "#1f3a5f", bot_id=BOT_ID, app_id=APP_ID)
ALARMS = User(
    ALARM_USER_ID, "alarms", "CloudWatch Alarms", "app", "#b3261e", bot_id=ALARM_BOT_ID, app_id=ALARM_APP_ID
)
USERS = (*PEOPLE, RUNBOOK, ALARMS)


@dataclass(frozen=True)
class Room:
    """A public channel that exists at the start, and who sits in it (keys of `USERS`)."""

    id: str
    name: str
    topic: str
    members: tuple[str, ...]


# Runbook is not in #general: being outside a channel is the first thing an app has to cope with.
ROOMS = (
    Room("C0GENERAL01", "general", "Company-wide announcements", ("alice", "ben", "carol", "dan")),
    Room(
        "C0PAYMENTS1",
        "payments-team",
        "Checkout, orders and the payment gateway",
        ("alice", "ben", "carol", "dan", "runbook", "alarms"),
    ),
    Room(
        "C0INCIDENTS",
        "incidents",
        "Alarms arrive here; every incident gets its own inc- channel",
        ("alice", "ben", "carol", "dan", "runbook", "alarms"),
    ),
)
USERGROUPS = {"S0ONCALL001": ("oncall", ("alice",)), "S0APPROVERS": ("approvers", ("ben",))}
