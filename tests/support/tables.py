"""The two tables as the data stack declares them, for tests on moto."""

from typing import TYPE_CHECKING

from nodback_core.adapters.dynamodb.items import INDEX_ATTRIBUTES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REQUESTS_TABLE = "nodback-test-requests"
AUDIT_TABLE = "nodback-test-audit"


def create_tables(client: "DynamoDBClient") -> None:
    """Make both tables; tests/infra holds them to the template."""
    names = sorted({name for pair in INDEX_ATTRIBUTES.values() for name in pair})
    client.create_table(
        TableName=REQUESTS_TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", *names)],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.value,
                "KeySchema": [
                    {"AttributeName": pair[0], "KeyType": "HASH"},
                    {"AttributeName": pair[1], "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index, pair in INDEX_ATTRIBUTES.items()
        ],
    )
    client.create_table(
        TableName=AUDIT_TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "subject", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "subject", "AttributeType": "S"},
            {"AttributeName": "seq", "AttributeType": "N"},
            {"AttributeName": "day", "AttributeType": "S"},
            {"AttributeName": "at_key", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_day",
                "KeySchema": [
                    {"AttributeName": "day", "KeyType": "HASH"},
                    {"AttributeName": "at_key", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
