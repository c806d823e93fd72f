"""Replies to mails that are not ours: without knowing what was sent, the first line is still found."""

import json
from pathlib import Path

from nodback_core.domain.replies.reading import SentMail, read_reply

REPLIES = json.loads((Path(__file__).parents[2] / "data" / "replies.json").read_text(encoding="utf-8"))
LEAST_RIGHT = 133


def test_the_first_lines_of_public_reply_collections_are_found() -> None:
    unknown = SentMail(from_name="", reply_domain="", lines=())
    wrong = [
        entry["id"]
        for entry in REPLIES
        if read_reply(entry["body"], unknown).first_line != (entry["first"] or "").strip()
    ]
    assert len(REPLIES) == 135
    assert len(REPLIES) - len(wrong) >= LEAST_RIGHT, wrong
