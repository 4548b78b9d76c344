"""The connector that teaches (connectors/hello), in Python: one list of people, a hundred at a time."""

import json
from urllib.parse import urlsplit

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import config, outgoing_handler
from wit_world.imports.model import Failure, FailureCode, Page, Progress_Complete, Progress_More, Records, Scope, User
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import Fields, IncomingBody, OutgoingRequest, Scheme_Https

SIZE = 100
CHUNK = 256 * 1024
CODES = {
    401: FailureCode.UNAUTHENTICATED,
    403: FailureCode.FORBIDDEN,
    404: FailureCode.NOT_FOUND,
    429: FailureCode.RATE_LIMITED,
}


def make(kind, **fields):
    """A record with the fields that are named, and none for the others: the generated classes have no defaults."""
    return kind(**(dict.fromkeys(kind.__dataclass_fields__) | fields))


def failure(code, message, **fields):
    return Err(make(Failure, code=code, message=message, **fields))


def get(path):
    """Asks the vendor and waits for the whole answer."""
    base = urlsplit(json.loads(config.get())["base-url"])
    request = OutgoingRequest(Fields())
    request.set_scheme(Scheme_Https())
    request.set_authority(base.netloc)
    request.set_path_with_query(base.path + path)
    try:
        answer = outgoing_handler.handle(request, None)
        answer.subscribe().block()
        # The outer result says whether it was taken before, the inner one whether it came.
        response = answer.get().value
        if isinstance(response, Err):
            raise response
        response = response.value
    except Err as error:
        raise failure(FailureCode.UNAVAILABLE, f"The vendor can't be reached: {type(error.value).__name__}.")
    status = response.status()
    if status != 200:
        later = FailureCode.UNAVAILABLE if status >= 500 else FailureCode.UNEXPECTED_RESPONSE
        message = f"The list of people was answered with {status}."
        raise failure(CODES.get(status, later), message, http_status=status)
    return json.loads(read(response.consume()))


def read(body: IncomingBody):
    pieces = []
    with body.stream() as stream:
        while True:
            try:
                pieces.append(stream.blocking_read(CHUNK))
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    return b"".join(pieces)
                raise failure(FailureCode.UNAVAILABLE, "The answer broke off.")


class Api(exports.Api):
    def check(self):
        get("/people?page=1&per_page=1")
        return make(Scope, organization="hello", label="Hello")

    def read(self, feed, parent, cursor):
        page = int(cursor or 1)
        rows = get(f"/people?page={page}&per_page={SIZE}")["people"]
        users = [
            make(User, id=str(row["id"]), email=row["email"], display_name=row["name"], attributes=json.dumps(row))
            for row in rows
        ]
        # An empty page is the end, and nothing else is.
        progress = Progress_More(str(page + 1)) if rows else Progress_Complete()
        return make(Page, records=make(Records, users=users), rows=len(rows), progress=progress)

    def invoke(self, action, input):
        raise failure(FailureCode.UNSUPPORTED, "There are no actions.")
