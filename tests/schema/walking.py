"""Each operation of the document by each role: what is sent, what comes back, and what is wrong with it."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field

import schemathesis
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.courseplatform.uploads.builders import BODY
from tests.schema.asking import text_of
from tests.schema.canaries import leaks, named
from tests.schema.feeding import good, made_up, places_of

AS_SAID = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance,
]  # fmt: skip
OPEN = "/api/v1/schema"


@schemathesis.serializer(BODY)
def of_tus(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()


def document():
    """As the site serves it, over the site itself."""
    return schemathesis.openapi.from_wsgi(OPEN, get_wsgi_application())


@dataclass
class Walk:
    """counts: (operation, role) -> statuses and how often. wrong: what is to be mended."""

    world: object
    roles: list
    examples: int
    counts: dict = field(default_factory=dict)
    wrong: dict = field(default_factory=dict)

    def operation(self, operation) -> None:
        cases = self.real(operation) + self.made(operation)
        for role in self.roles:
            cache.clear()
            seen = self.counts.setdefault((operation.label, role.name), Counter())
            with transaction.atomic():
                for case, is_real, is_negative in cases:
                    seen[self.ask(operation, role, case, is_real=is_real, is_negative=is_negative)] += 1
                transaction.set_rollback(True)

    def real(self, operation) -> list:
        """With keys that are there: plainly where nothing is sent, and with all that succeeds."""
        name, found = operation.definition.raw["operationId"], []
        sent = good(self.world, name) or [{}]
        if operation.method.upper() in ("GET", "DELETE", "HEAD", "OPTIONS") and {} not in sent:
            sent = [{"headers": sent[0]["headers"]} if "headers" in sent[0] else {}, *sent]
        for places in places_of(self.world, operation):
            found += [(operation.Case(path_parameters=dict(places), **deepcopy(one)), True, False) for one in sent]
        return found

    def made(self, operation) -> list:
        """As Schemathesis makes them up, at keys that are there and, every third, at one that it made up too."""
        if operation.path == OPEN:
            return []
        found, places = [], places_of(self.world, operation)
        for mode in GenerationMode:
            for number, case in enumerate(made_up(operation, mode, self.examples)):
                is_negative = mode == GenerationMode.NEGATIVE
                if number % 3 and not (is_negative and negated(case) == {"path"}):
                    case.path_parameters.update(places[number % len(places)])
                found.append((case, False, is_negative))
        return found

    def ask(self, operation, role, case, *, is_real: bool, is_negative: bool) -> int:
        case = deepcopy_case(case)
        for name in ("Authorization", "X-CSRFToken", "Cookie"):
            case.headers.pop(name, None)
        case.cookies.clear()
        sent = role.headers | {"Accept-Encoding": "identity"}  # what is packed cannot be searched
        answer = case.call(headers=dict(sent))
        checks = [*AS_SAID, *([negative_data_rejection] if is_negative and negated(case) & {"body", "query"} else [])]
        try:
            case.validate_response(answer, checks=checks, headers=dict(sent))
        except FailureGroup as group:
            for failure in group.exceptions:
                self.note(operation, role, case, answer, f"{failure.title}: {failure.message[:300]}")
        head = {name: ", ".join(values) for name, values in answer.headers.items()}
        asked = f"{case.formatted_path} {case.query} {case.body} {case.headers}"
        said = text_of(head, answer.content)
        for one in leaks(self.world.canaries, role.who, "api", said, asked) + named(
            self.world.links, role.who, said, asked
        ):
            self.note(operation, role, case, answer, f"leaked {one}")
        if is_real:
            self.at_the_door(operation, role, case, answer)
        return answer.status_code

    def at_the_door(self, operation, role, case, answer) -> None:
        """Nobody without a name, no token without the scope, nobody in a course that is not theirs."""
        security = operation.definition.raw.get("security")
        if not security or (answer.status_code == 422 and b"token_in_address" in answer.content):
            return
        scope = next(iter(security[0].values()))[0]
        wanted = None
        if not role.who:
            wanted = (401,)
        elif role.scopes is not None and scope not in role.scopes:
            wanted = (403,)
        elif role.name in ("dropped student", "operator") and "{course}" in operation.path:
            wanted = (404,)
        if wanted and answer.status_code not in wanted:
            self.note(operation, role, case, answer, f"answered {answer.status_code}, not {wanted}")

    def never_well(self) -> set[str]:
        """Operations that nobody was answered well: there is nothing that such a walk shows of them."""
        well = {label for (label, _), seen in self.counts.items() if any(status < 300 for status in seen)}
        return {label for label, _ in self.counts} - well

    def table(self) -> str:
        """A line for each operation: how often which role was answered with which statuses."""
        names, lines = [role.name for role in self.roles], []
        for label in dict.fromkeys(label for label, _ in self.counts):
            seen = [self.counts[label, name] for name in names]
            total = Counter(status for one in seen for status in one.elements())
            by_role = "; ".join(
                f"{name} {'/'.join(str(status) for status in sorted(one))}"
                for name, one in zip(names, seen, strict=True)
            )
            counted = " ".join(f"{status}:{count}" for status, count in sorted(total.items()))
            lines.append(f"{label:78} {total.total():5}  {counted}\n    {by_role}")
        requests = sum(one.total() for one in self.counts.values())
        lines.append(f"{len(lines)} operations, {len(names)} roles, {requests} requests, {len(self.wrong)} wrong")
        return "\n".join(lines)

    def note(self, operation, role, case, answer, words: str) -> None:
        key = (operation.label, words.split("\n", maxsplit=1)[0][:160])
        if key not in self.wrong:
            print(f"wrong: {role.name}, {key[0]}: {key[1]}", flush=True)  # the whole walk takes an hour
        self.wrong.setdefault(
            key,
            f"{role.name}: {case.formatted_path} {case.query} {str(case.body)[:200]} -> {answer.status_code} {answer.content[:300]!r}\n    {words}",
        )


def negated(case) -> set[str]:
    """Where it is not as the document says."""
    return {where.value for where, one in case.meta.components.items() if one.mode == GenerationMode.NEGATIVE}


def deepcopy_case(case):
    """Sent by many: what one sending makes of it stays out of the next."""
    body = case.body if isinstance(case.body, NotSet) else deepcopy(case.body)
    made = case.operation.Case(
        path_parameters=deepcopy(case.path_parameters), headers=dict(case.headers), cookies={}, query=deepcopy(case.query),
        body=body, media_type=case.media_type,
    )  # fmt: skip
    made._meta = case._meta
    return made
