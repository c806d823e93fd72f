"""The name of a letter is quoted in one place; everywhere else it is a member of `LetterKind`."""

import ast
from collections import defaultdict
from pathlib import Path

from nodback_core.domain.letters.kinds import LetterKind

ROOT = Path(__file__).parents[2]
HOME = "domain/letters/kinds.py"
OTHER_MEANINGS = {
    "cancelled": {
        "domain/reviews/requests.py",
        "usecases/reviews/list_requests.py",
        "usecases/letters/mail_tests.py",
        "usecases/letters/writing.py",
        "mail/letters/kinds.py",
        "mail/letters/samples.py",
        "api/figures/routes.py",
    },
    "confirmation": {"mail/replies/checks.py", "usecases/replies/receive_mail.py"},
    "expired_token": {"domain/replies/results.py", "usecases/replies/words.py"},
    "reassigned": {"domain/replies/results.py", "usecases/replies/words.py"},
    "reminder": {
        "api/shared/models.py",
        "api/shared/views.py",
        "dashboard/pages/reviews/review.py",
        "mail/letters/parts.py",
        "mail/letters/samples.py",
        "mail/letters/sentences.py",
        "usecases/letters/desk.py",
    },
}
"""Where the same text is no letter: a status, a check, a step of the deadlines, what vouches for a mail."""


def quoted_names() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    names = {kind.value for kind in LetterKind}
    core = ROOT / "layers/core/python/nodback_core"
    for folder in (core, ROOT / "functions", ROOT / "infra"):
        for path in sorted(folder.rglob("*.py")):
            where = path.relative_to(core if folder == core else ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and node.value in names and where != HOME:
                    found[str(node.value)].add(where)
    return dict(found)


def test_no_letter_is_named_by_a_string() -> None:
    assert quoted_names() == OTHER_MEANINGS
