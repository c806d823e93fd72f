"""Synthesises without the CDK's command: `python -m infra.synth [folder] [context as JSON]`.

The context names a stage, whose file is read, or holds the settings themselves.
"""

import json
import sys
from pathlib import Path

from infra.local.assembly import SynthFailed, synthesise

EXAMPLE = '{"stage": "example", "domain": "nodback.example.com", "admins": "you@example.com"}'


def main(arguments: list[str]) -> int:
    """Write the templates of one install; without a context, those of an example."""
    folder, context = [*arguments, *["cdk.out", EXAMPLE][len(arguments) :]]
    try:
        synthesise(Path(folder), json.loads(context))
    except (SynthFailed, ValueError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    for template in sorted(Path(folder).glob("*.template.json")):
        sys.stdout.write(f"{template}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
