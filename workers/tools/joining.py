"""Joining what an account lists into who needs whom; what is referred to and not listed is looked up."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.domain.telemetry import Edge, Resource
from workers.tools import beyond, edges
from workers.tools.references import Reference, references
from workers.tools.rows import Service, services
from workers.tools.survey import Listed, Survey

Needs = Mapping[str, Mapping[str, str]]


class Book:
    """Everything known so far, by name, and the names under which references are known."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        self.known: dict[str, Resource] = {}
        self.called: dict[Reference, str] = {}
        self._rows: dict[str, Service] = {}
        for row, resource in listed:
            self._enter(row, resource)

    @property
    def listed(self) -> list[Listed]:
        return [(self._rows[name], resource) for name, resource in self.known.items()]

    def look_up(self, survey: Survey, wanted: Iterable[Reference]) -> None:
        """Enter what references mean; the rows of every inventory have been read already."""
        read = {row.id for row in services()}
        strange = [one for one in dict.fromkeys(wanted) if one.row not in read and one not in self.called]
        for row, resource in beyond.called(survey, strange):
            if Reference(row=row.id, name=resource.id) not in self.called:
                self._enter(row, self._renamed(row, resource))

    def _renamed(self, row: Service, resource: Resource) -> Resource:
        """With the row before its name where something else has that name."""
        if resource.name not in self.known:
            return resource
        own = resource.attributes | {"name": resource.name}
        return resource.model_copy(update={"name": f"{row.id}/{resource.name}", "attributes": own})

    def _enter(self, row: Service, resource: Resource) -> None:
        self.known[resource.name], self._rows[resource.name] = resource, row
        for name in (resource.attributes.get("name", resource.name), resource.id):
            self.called[Reference(row=row.id, name=name)] = resource.name


def joined(survey: Survey, book: Book, needs: Needs, mappings: list[dict[str, Any]]) -> tuple[Edge, ...]:
    """Who needs whom, of what stands in `book`; what is found on the way is entered there."""
    first = [*_configured(book, needs, mappings), *edges.balanced(book.known)]
    called = {edge.callee for edge in first}
    lonely = [one for one in book.known.values() if one.name not in called]
    policies = survey.start(beyond.visitors, survey, lonely)
    book.look_up(survey, _named(book, needs, mappings))
    visitors = policies.result()
    book.look_up(survey, (one for arns in visitors.values() for arn in arns for one in references(arn)))
    found = [
        *_configured(book, needs, mappings),
        *edges.visiting(visitors, book.called),
        *edges.balanced(book.known),
        *edges.hosted(book.known, book.called),
    ]
    return (*found, *_supposed(survey, book, found))


def _configured(book: Book, needs: Needs, mappings: list[dict[str, Any]]) -> Iterator[Edge]:
    """What settings and event sources say; where both do, the event source knows the direction."""
    drained = list(edges.drained(mappings, book.called))
    mapped = {(edge.callee, edge.caller) for edge in drained}
    needed = edges.needed(needs, book.known, book.called)
    yield from (edge for edge in needed if (edge.caller, edge.callee) not in mapped)
    yield from drained


def _named(book: Book, needs: Needs, mappings: list[dict[str, Any]]) -> Iterator[Reference]:
    """Everything that settings, event sources and tags refer to."""
    for environment in needs.values():
        for variable, value in environment.items():
            yield from references(value, variable)
    for mapping in mappings:
        yield from references(mapping.get("EventSourceArn", ""))
    clusters = {one.tags.get(edges.CLUSTER, "") for one in book.known.values()}
    yield from (Reference(row="eks-clusters", name=name) for name in sorted(clusters - {""}))


def _supposed(survey: Survey, book: Book, found: list[Edge]) -> Iterator[Edge]:
    """Who may need the stores that nobody is known to need: by a tag, else by security groups."""
    needed = {edge.callee for edge in found}
    alone = [one for one in book.known.values() if one.kind in edges.STORES and one.name not in needed]
    by_tag = list(edges.tagged(alone, book.known))
    yield from by_tag
    rest = [one for one in alone if one.name not in {edge.callee for edge in by_tag}]
    groups = {group for one in rest for group in edges.groups_of(one)}
    yield from edges.admitted(rest, book.known, beyond.admissions(survey, groups))
