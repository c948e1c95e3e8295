"""Every error Runbook raises on purpose.

RunbookError
├── SettingsError        configuration that cannot be used; nothing starts
├── Unreachable          a part we depend on (ledger, Redis, Chroma, Slack, AWS) does not answer
├── Fenced               another worker has taken this investigation over; stop without a trace
├── Refused              a call that policy does not allow; the message says which rule
│   └── ApprovalRequired a change that needs a person's approval first
├── AccessDenied         a system answered "not permitted"; names the permission that is missing
├── ToolFailed           a system answered with any other failure
├── OutcomeUnknown       a change was sent and no answer came: it may have happened
├── ModelFailed          a model gave no answer that can be used; the rules go on
└── BadDocument          one knowledge document that cannot be read; the others are kept

Each message says what failed; `mend` says what to do next.
"""


class RunbookError(Exception):
    """The root; `mend` is one sentence for a person: what to do next."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


class SettingsError(RunbookError):
    """Configuration that cannot be used."""


class Unreachable(RunbookError):
    """A part we depend on does not answer."""

    def __init__(self, part: str, why: str, mend: str = "") -> None:
        super().__init__(f"{part} is unreachable: {why}", mend)
        self.part = part


class Fenced(RunbookError):
    """Another worker has taken the investigation over."""


class Refused(RunbookError):
    """A call that policy does not allow."""


class ApprovalRequired(Refused):
    """A change that needs a person's approval first."""


class AccessDenied(RunbookError):
    """A system said "not permitted"; `permission` is what it wants, e.g. `logs:FilterLogEvents`."""

    def __init__(self, permission: str, on: str = "", who: str = "", mend: str = "") -> None:
        place = f" on {on}" if on else ""
        holder = f" to {who}" if who else ""
        super().__init__(f"access denied: {permission}{place}", mend or f"Grant {permission}{place}{holder}.")
        self.permission = permission


class ToolFailed(RunbookError):
    """A system answered with another failure; `throttled` if it asked for patience."""

    def __init__(self, message: str, mend: str = "", *, throttled: bool = False) -> None:
        super().__init__(message, mend)
        self.throttled = throttled


class OutcomeUnknown(RunbookError):
    """A change was sent and no answer came; only reading the system tells whether it happened."""


class ModelFailed(RunbookError):
    """A model gave no answer; `passing` if trying again can help, after `wait` seconds where it said so."""

    def __init__(
        self,
        message: str,
        mend: str = "",
        *,
        passing: bool = False,
        wait: float | None = None,
        too_long: bool = False,
    ) -> None:
        super().__init__(message, mend)
        self.passing = passing
        self.wait = wait
        self.too_long = too_long


class BadDocument(RunbookError):
    """One knowledge document that cannot be read."""

    def __init__(self, name: str, why: str, mend: str = "") -> None:
        super().__init__(f"{name}: {why}", mend)
        self.name = name
