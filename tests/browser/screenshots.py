"""`make screenshots`: every page, light and dark, on a phone and on a desk, into docs/images."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", ".", "layers/core/python", "sdk/src")]

from playwright.sync_api import BrowserContext  # noqa: E402
from support.browse import Browser  # noqa: E402
from support.site import site  # noqa: E402

from browser.chromium import HOW_TO_GET_IT, find, launched  # noqa: E402
from browser.mail_pictures import take_mail_pictures  # noqa: E402
from browser.story import MANAGER, an_install, paths  # noqa: E402
from infra.build import dashboard_assets  # noqa: E402
from nodback_core.dashboard import assets  # noqa: E402

OUT = ROOT / "docs" / "images"
WIDTHS = {"phone": (360, 780), "desk": (1280, 900)}
SCHEMES = ("light", "dark")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names of pages, separated by commas")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--schemes", default=",".join(SCHEMES))
    parser.add_argument("--widths", default=",".join(WIDTHS))
    parser.add_argument("--full", action="store_true", help="the whole page, not what fits into the window")
    chosen = parser.parse_args()
    chromium = find()
    if chromium is None:
        print(HOW_TO_GET_IT, file=sys.stderr)
        return 1
    chosen.out.mkdir(parents=True, exist_ok=True)
    assets.BUILT = dashboard_assets(assets.SOURCES)
    install = an_install()
    install.world.now = datetime.now(UTC).replace(microsecond=0)
    wanted = {n: p for n, p in paths(install).items() if not chosen.only or n in chosen.only.split(",")}
    cookies = Browser(install.world).sign_in(MANAGER).cookies
    with site(install.world) as url, launched(chromium) as browser:
        for width_name in chosen.widths.split(","):
            width, height = WIDTHS[width_name]
            for scheme in chosen.schemes.split(","):
                context = browser.new_context(
                    base_url=url,
                    color_scheme="dark" if scheme == "dark" else "light",
                    viewport={"width": width, "height": height},
                    locale="en-GB",
                    timezone_id="UTC",
                )
                _sign_in(context, url, cookies)
                for name, path in wanted.items():
                    _picture(context, path, chosen.out / f"{name}-{width_name}-{scheme}.png", full=chosen.full)
                context.close()
        if not chosen.only:
            take_mail_pictures(browser, chosen.out)
    return 0


def _sign_in(context: BrowserContext, url: str, cookies: dict[str, str]) -> None:
    context.add_cookies(
        [
            {"name": name, "value": value, "url": url.replace("http:", "https:"), "secure": True, "httpOnly": True}
            for name, value in cookies.items()
        ]
    )


def _picture(context: BrowserContext, path: str, target: Path, *, full: bool) -> None:
    page = context.new_page()
    page.goto(path)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=target, full_page=full)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
