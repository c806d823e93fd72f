"""DynamoDB under moto, whose answers get lost: each write lands, and its first answer says that it failed."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def losing_answers(client: "DynamoDBClient", *, every: int = 2) -> list[str]:
    """Lose the answers of transactions, the first and then each `every`-th; returns the list of what was sent.

    moto performs the write before this handler replaces its answer, so that the client's own retry meets itself.
    """
    sent: list[str] = []

    def lose(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        sent.append(str(request.url))
        if len(sent) % every != 1:
            return None
        return AWSResponse(request.url, 500, {}, _Raw(b'{"__type": "InternalServerError"}'))

    client.meta.events.register("before-send.dynamodb.TransactWriteItems", lose)
    return sent
