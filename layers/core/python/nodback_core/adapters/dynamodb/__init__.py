"""The store in DynamoDB: the requests table for records and counters, the audit table for entries."""
