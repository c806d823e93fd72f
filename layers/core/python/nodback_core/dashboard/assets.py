"""Files of the pages, under names that carry a digest of their content, so that a browser asks for each once.

The build puts them beside this file, those from npm among them (see infra/assets.py). Code that runs from its sources
has only its own style sheet and script, and the pages do without the rest.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BUILT = Path(__file__).parent / "assets"
SOURCES = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2"}
DIGEST_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Asset:
    name: str
    """With the digest in it: ``dashboard.0f3a….css``."""
    path: Path

    @property
    def content_type(self) -> str:
        return TYPES[self.path.suffix]


@cache
def assets() -> dict[str, Asset]:
    """Every file by its plain name, such as ``dashboard.css``."""
    manifest = BUILT / "manifest.json"
    if manifest.is_file():
        names: dict[str, str] = json.loads(manifest.read_text())
        return {plain: Asset(name, BUILT / name) for plain, name in names.items()}
    return {path.name: Asset(hashed_name(path.name, path.read_bytes()), path) for path in sorted(SOURCES.iterdir())}


def hashed_name(name: str, data: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(data).hexdigest()[:DIGEST_CHARACTERS]}.{suffix}"


def asset_named(name: str) -> Asset | None:
    """The file of this hashed name."""
    return next((asset for asset in assets().values() if asset.name == name), None)
