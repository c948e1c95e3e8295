"""What can be asked of Runbook, and how."""

from bot.views import Said
from workers.thread.fit import Part, context, fit, said_plainly, section
from workers.thread.mrkdwn import clamp, code

WAYS = (
    ("`/investigate checkout is slow`", "I look into it in a thread of this channel."),
    ("`@Runbook checkout is slow`", "The same, in the thread of your message."),
    ("*Investigate this*, in a message's menu", "I look into what the message says, in its thread."),
    (
        "`@Runbook what changed in the last hour?`, `is checkout ok?`, `which alarms are firing?`",
        "I look it up and answer; `/runbook ask` does the same.",
    ),
    ("`@Runbook stop`, in a thread of mine", "I stop, with what I have found so far."),
    (
        "`look at redis`, `ignore the cron job`, `we rolled back at 10:02`, in a thread of mine",
        "I take it as a direction, with your name. What I measure decides.",
    ),
    ("`@Runbook why?`, in a thread of mine", "I show each claim with what I found for and against it."),
    (
        "`/runbook halt <why>`",
        "All changes stop at once, approved or not, until an approver says `/runbook resume`.",
    ),
    ("`/runbook status`", "What I am working on, and whether all my parts are alive."),
)
PROMISE = (
    "I join incident channels by myself and start with their alert. I only look: every change waits for "
    "somebody who may approve it and has not asked for it. I am software, and say so when I do not know."
)


def ways(unknown: str = "") -> Said:
    """The ways to ask; `unknown` is what was asked instead."""
    begins = f"There is no `/runbook {clamp(unknown, 60)}`. " if unknown else ""
    text = (
        f"{begins}Ask me with /investigate and what is wrong, by mentioning me, or with Investigate this in "
        "a message's menu; /runbook status says what I am working on."
    )
    asked = [context(f"I do not know {code(clamp(unknown, 60))}. This is what I know:")] if unknown else []
    listed = section("\n".join(f"{way}: {does}" for way, does in WAYS), "ways")
    return Said(text=said_plainly(text), blocks=fit([Part(blocks=(*asked, listed, context(PROMISE)))]))
