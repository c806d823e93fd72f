"""Exceptions from the rules for templates, each with its reason, beside the code that needs it."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept that `construct`, or something in it, breaks one rule of the AwsSolutions pack.

    `rule` is a rule's name as the report prints it, like `AwsSolutions-S1` or `AwsSolutions-IAM5[Resource::*]`.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))
