"""The CDK app: `cdk synth`, `cdk deploy`, or `python -m infra.app`. It never calls AWS."""

import sys
from pathlib import Path

from aws_cdk import App, Tags

from infra.build import BuildFailed
from infra.settings import BadContext, Settings, read_settings
from infra.stacks.data import DataStack
from infra.stacks.letters.mail import MailStack
from infra.stacks.service import ServiceStack


def build_app(app: App, stages: Path | None = None) -> Settings:
    """Add the stacks of one install to `app`, as its stage's file and its context describe them.

    `stages` is the folder of the stage files, by default that of the checkout.

    Raises BadContext for settings that cannot be deployed.
    """
    settings = read_settings(app.node.try_get_context, stages)
    data = DataStack(app, settings)
    service = ServiceStack(app, settings, data)
    if not settings.is_local:
        MailStack(app, settings, data, service)
    Tags.of(app).add("nodback:stage", settings.stage)
    return settings


def main() -> int:
    """Synthesise into the folder that the CDK names (CDK_OUTDIR), or cdk.out."""
    app = App()
    try:
        build_app(app)
    except (BadContext, BuildFailed) as problem:
        sys.stderr.write("".join(f"nodback: {line}\n" for line in str(problem).splitlines()))
        return 2
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
