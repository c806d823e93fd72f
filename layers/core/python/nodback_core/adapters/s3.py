"""Objects in an S3 bucket."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from nodback_core.ports.objects import check_folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Objects:
    client: "S3Client"
    bucket: str

    def put(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=name, Body=data)

    def get(self, name: str, *, limit: int) -> bytes | None:
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=name)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # S3 answers "denied" instead of "missing" to callers that may not list the bucket.
            if code in ("NoSuchKey", "404") or (code in ("AccessDenied", "403") and not self._is_there(name)):
                return None
            raise
        with found["Body"] as body:
            if found["ContentLength"] > limit:
                raise ValueError(f"{name} has {found['ContentLength']} bytes, more than {limit}")
            return body.read()

    def _is_there(self, name: str) -> bool:
        found = self.client.list_objects_v2(Bucket=self.bucket, Prefix=name, MaxKeys=1).get("Contents", [])
        return any(each["Key"] == name for each in found)

    def delete(self, name: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=name)

    def names(self, folder: str) -> list[str]:
        check_folder(folder)
        lister = self.client.get_paginator("list_objects_v2")
        pages = lister.paginate(Bucket=self.bucket, Prefix=folder, Delimiter="/")
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def link(self, name: str, *, seconds: int) -> str:
        return self.client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": name}, ExpiresIn=seconds
        )
