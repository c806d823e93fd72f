"""The CDK app, and what runs it on this machine.

The rules of the bus are derived from the domain's classes, which are in the layer's folder.
"""

import sys
from pathlib import Path

CORE = Path(__file__).resolve().parent.parent / "layers" / "core" / "python"
# The CDK's own command starts the app without a word of where the service's package is.
if str(CORE) not in sys.path:
    sys.path.append(str(CORE))
