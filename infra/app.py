"""The CDK app: `cdk synth`, `cdk deploy`, or `python -m infra.app`. It never asks AWS anything."""

import sys

from aws_cdk import App, Tags

from infra.build import BuildFailed
from infra.settings import BadContext, Settings, read_settings
from infra.stacks.data import DataStack
from infra.stacks.mail import MailStack
from infra.stacks.service import ServiceStack


def build_app(app: App) -> Settings:
    """Put the stacks of one install into `app`, as its context describes them.

    Raises BadContext for a context value that cannot be deployed.
    """
    settings = read_settings(app.node.try_get_context)
    data = DataStack(app, settings)
    service = ServiceStack(app, settings, data)
    if not settings.is_local:
        MailStack(app, settings, data, service)
    Tags.of(app).add("signoff:stage", settings.stage)
    return settings


def main() -> int:
    """Synthesise into the folder that the CDK names (CDK_OUTDIR), or cdk.out."""
    app = App()
    try:
        build_app(app)
    except (BadContext, BuildFailed) as problem:
        sys.stderr.write(f"signoff: {problem}\n")
        return 2
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
