"""A talk with a model that may ask tools before it answers a question, kept up from the journal.

Pure: the same journal gives the same talk, so a run that is resumed goes on where the last one stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import JsonValue, ValidationError

from workers.agent import asking, reading
from workers.agent.answers import MOST_LINES, MOST_TOLD, Findings
from workers.agent.reading import READ_ON, ReadOn
from workers.domain.call import Tool, ToolCall, ToolResult, ToolUse
from workers.domain.event import ModelAnswered
from workers.domain.evidence import CausalQuery
from workers.domain.investigation import Investigation
from workers.domain.window import Window, ending
from workers.llm import Message, Prompt, Told
from workers.safety.redact import redacted, scrubbed

AT_ONCE = 8
"""Tools that are asked in one turn; more are put off."""
PREFIX = "m"
"""How the ids of a model's queries begin."""


@dataclass(frozen=True)
class Talk:
    """What has been said so far. `most` is how many characters of one result are told, `queries` a budget.

    `read` holds what was told of each result and exchange, by its id; `short` a line in the place of what a
    tool said, by the id of its use. `ids` are of the calls that were made, `wrong` what was wrong so far,
    `idle` how many turns in a row asked nothing new.
    """

    prompt: Prompt
    tools: Mapping[str, Tool]
    most: int
    queries: int
    read: Mapping[str, str]
    short: Mapping[str, str] = field(default_factory=dict[str, str])
    ids: Mapping[str, str] = field(default_factory=dict[str, str])
    turns: int = 0
    idle: int = 0
    wrong: tuple[str, ...] = ()


def begun(case: Investigation, tools: tuple[Tool, ...], limit: int, answer: int, queries: int) -> Talk:
    """A talk about a question, in which nothing was asked yet.

    `limit` and `answer` are in tokens, of a prompt and of what is said to it: a turn of results takes at most
    half of a prompt, whatever they hold.
    """
    before = [one.model_dump(mode="json") for one in case.recalled or ()]
    data = {"question": case.incident.text[: asking.LONGEST], "said in the thread before": before}
    text = asking.filled("answer", now=f"{case.incident.at:%Y-%m-%d %H:%M}", data=asking.dumped(data))
    offered = (*tools, READ_ON)
    prompt = Prompt(
        system=asking.filled("answer_system", sentences=MOST_TOLD, lines=MOST_LINES),
        messages=(Message(role="user", text=text),),
        answer=Findings.model_json_schema(),
        most=answer,
        tools=offered,
    )
    known = {one.id: "\n".join((one.asked, *one.told)) for one in case.recalled or ()}
    most = limit * 3 // (2 * AT_ONCE)
    known_tools = {tool.name: tool for tool in offered}
    return Talk(prompt=prompt, tools=known_tools, most=most, queries=queries, read=known)


def wanted(talk: Talk, reply: ModelAnswered, case: Investigation) -> tuple[CausalQuery, ...]:
    """What a reply asks of our systems that the journal does not hold yet; the same call is made once."""
    ids = _numbered(talk, reply, case)
    calls = {ids[call.hash]: call for call in _calls(talk, reply, case) if call.hash in ids}
    return tuple(
        CausalQuery(id=key, role="ask", call=call, window=_window(call, case))
        for key, call in calls.items()
        if key not in case.queries
    )


def told(talk: Talk, reply: ModelAnswered, case: Investigation) -> Talk:
    """The talk after a reply that asked tools, once all that it asked of our systems is in the journal."""
    ids, read, short, results = _numbered(talk, reply, case), dict(talk.read), dict(talk.short), list[Told]()
    invented = [use.name[:60] for use in reply.uses if use.name not in talk.tools][:1]
    for number, use in enumerate(reply.uses):
        if use.name not in talk.tools:
            results.append(_refused(use, f"there is no such tool; there are: {', '.join(talk.tools)}"))
        elif number >= AT_ONCE:
            results.append(_refused(use, f"at most {AT_ONCE} tools at once; ask again"))
        elif use.name == READ_ON.name:
            results.append(_read_on(use, case, talk.most, read, short))
        elif key := talk.ids.get(_call(use, case).hash):
            results.append(_asked_before(use, key, case.results[key]))
        elif key := ids.get(_call(use, case).hash):
            results.append(_told(use, key, case.results[key], talk.most, read, short))
        else:
            results.append(_refused(use, f"at most {talk.queries} queries may be made"))
    spoken = Message(role="assistant", text=reply.text, thoughts=reply.thoughts, uses=reply.uses)
    said = (*talk.prompt.messages, spoken, Message(role="user", told=tuple(results)))
    return replace(
        talk,
        prompt=talk.prompt.model_copy(update={"messages": said}),
        read=read,
        short=short,
        ids=ids,
        turns=talk.turns + 1,
        idle=0 if _asks_anew(talk, reply, case) else talk.idle + 1,
        wrong=(*talk.wrong, *(f"there is no tool {name!r}" for name in invented)),
    )


def refused(talk: Talk, reply: ModelAnswered, problem: str) -> Talk:
    """The talk after an answer that cannot be used."""
    prompt = asking.told_back(talk.prompt, reply.text, problem)
    return replace(talk, prompt=prompt, turns=talk.turns + 1, wrong=(*talk.wrong, problem))


def heard(talk: Talk) -> str:
    """Everything that was told, answers and refusals alike."""
    return "\n".join(one.text for message in talk.prompt.messages for one in message.told)


def closed(talk: Talk) -> Prompt:
    """What is asked when no tool may be asked any more."""
    *before, last = talk.prompt.messages
    text = "\n\n".join(filter(None, (last.text, asking.filled("answer_now"))))
    messages = (*before, last.model_copy(update={"text": text}))
    return talk.prompt.model_copy(update={"messages": messages, "closed": True})


def fitted(prompt: Prompt, talk: Talk, limit: int) -> Prompt:
    """The prompt within `limit` tokens: the oldest results give way to a line each, nothing else is touched.

    What was asked and said in the thread (facts, conclusions, approvals) stays word for word, and so does
    what the tools said last.
    """
    messages = list(prompt.messages)
    places = [(m, t) for m, one in enumerate(messages[:-1]) for t in range(len(one.told))]
    for at, number in places:
        if prompt.length <= limit:
            break
        told = list(messages[at].told)
        told[number] = told[number].model_copy(update={"text": talk.short.get(told[number].id, "left out")})
        messages[at] = messages[at].model_copy(update={"told": tuple(told)})
        prompt = prompt.model_copy(update={"messages": tuple(messages)})
    return prompt


# -- what tools say


def _calls(talk: Talk, reply: ModelAnswered, case: Investigation) -> list[ToolCall]:
    """What of a reply goes to our systems."""
    ours = [use for use in reply.uses[:AT_ONCE] if use.name in talk.tools and use.name != READ_ON.name]
    return [_call(use, case) for use in ours]


def _numbered(talk: Talk, reply: ModelAnswered, case: Investigation) -> dict[str, str]:
    """The ids of all calls, this reply's among them, as many as may be made."""
    ids = dict(talk.ids)
    for call in _calls(talk, reply, case):
        if call.hash not in ids and len(ids) < talk.queries:
            ids[call.hash] = f"{PREFIX}{len(ids) + 1}"
    return ids


def _asks_anew(talk: Talk, reply: ModelAnswered, case: Investigation) -> bool:
    before = {_call(use, case).hash for message in talk.prompt.messages for use in message.uses}
    return any(_call(use, case).hash not in before for use in reply.uses)


def _asked_before(use: ToolUse, key: str, result: ToolResult) -> Told:
    """Told the same once more, a small model asks it once more."""
    text = f"asked before, and answered above as result {key}"
    return Told(id=use.id, text=text, failed=not result.ok)


def _told(
    use: ToolUse, key: str, result: ToolResult, most: int, read: dict[str, str], short: dict[str, str]
) -> Told:
    shown, note = reading.head(result, use.arguments, most)
    unseen = [f"{gap.what}: {gap.why} {gap.mend}".strip() for gap in result.gaps]
    data: dict[str, Any] = {"result": key, "source": result.source, "lines": list(shown)}
    data |= {"could not be seen": unseen} if unseen else {}
    data |= {"note": note} if note else {}
    if result.ok:
        read[key] = "\n".join((read.get(key, ""), *shown, *unseen))
    count = len(reading.lines(result))
    short[use.id] = (
        f"(left out for length: {count} lines of {use.name}; {READ_ON.name} of {key} tells them again)"
    )
    return Told(id=use.id, text=asking.fenced(data), failed=not result.ok)


def _read_on(
    use: ToolUse, case: Investigation, most: int, read: dict[str, str], short: dict[str, str]
) -> Told:
    try:
        wanted = ReadOn.model_validate(use.arguments)
    except ValidationError as error:
        return _refused(use, f"{READ_ON.name} cannot be asked like that: {error.errors()[0]['msg']}")
    result = case.results.get(wanted.result)
    if result is None or wanted.result not in read:
        return _refused(use, f"there is no result {wanted.result[:20]!r} that could be read")
    shown, note = reading.part(result, wanted, most)
    read[wanted.result] = "\n".join((read[wanted.result], *shown))
    short[use.id] = f"(left out for length: {len(shown)} lines of {wanted.result})"
    data = {"result": wanted.result, "source": result.source, "lines": list(shown), "note": note}
    return Told(id=use.id, text=asking.fenced(data))


def _refused(use: ToolUse, why: str) -> Told:
    return Told(id=use.id, text=redacted(why), failed=True)


def _call(use: ToolUse, case: Investigation) -> ToolCall:
    """What is journaled and asked; secrets and half characters of a model's are no part of it."""
    arguments: dict[str, JsonValue] = scrubbed(use.arguments)
    return ToolCall(name=use.name, arguments=arguments, why=redacted(f"to answer: {case.incident.text[:80]}"))


def _window(call: ToolCall, case: Investigation) -> Window:
    """The window that a call names; where it names none, the minute of the question."""
    try:
        return Window.model_validate(call.arguments.get("window"))
    except ValidationError:
        return ending(case.incident.at, minutes=1)
