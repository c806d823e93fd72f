import pytest

from nodback_core.domain.reviews.options import match_option

OPTIONS = ("approved", "rejected", "needs_revision")


@pytest.mark.parametrize(
    "text",
    [
        "approved",
        "Approved",
        "APPROVED!",
        "Approved.",
        " approved ",
        "approved\r\n",
        "“Approved”",
        "«approved»",
        "'approved'",
        "`approved`",
        "*approved*",
        "**Approved**",
        "_approved_",
        "(approved)",
        "[approved]",
        "- approved",
        "• approved",
        "¡approved!",
        "approved…",
        "approved\u00a0",
        "\u200bappro\u00adved\ufeff",
        "ａｐｐｒｏｖｅｄ",
        "approved,",
        "approved;",
        "approved。",
        "approved！",
    ],
)
def test_an_option_is_found_whatever_surrounds_it(text: str) -> None:
    assert match_option(text, OPTIONS) == "approved"


@pytest.mark.parametrize(
    "text",
    [
        "needs_revision",
        "Needs revision",
        "needs-revision.",
        "NEEDS  REVISION",
        "needs\u00a0revision",
        "needs – revision",
        "needs\u2011revision",
        "needs\u2212revision",
        "needs__revision",
        "needs\trevision",
    ],
)
def test_spaces_underscores_hyphens_and_dashes_are_the_same(text: str) -> None:
    assert match_option(text, OPTIONS) == "needs_revision"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "...",
        "not approved",
        "approved – thanks",
        "approved, thanks",
        "approved.\nthanks",
        "approve",
        "approveds",
        "disapproved",
        "approved rejected",
        "approved or rejected?",
        "approved?",
        "approved ?",
        "approved?!",
        "approved\uff1f",
        "approved\u037e",
        "¿approved?",
        "!approved",
        "¬approved",
        "~~approved~~",
        "[ ] approved",
        "( ) approved",
        "☐ approved",
        "a̶p̶p̶r̶o̶v̶e̶d̶",
        "1. approved",
        "approved 👍",
        "approved 👎",
        "needsrevision",
        "needs revisions",
        "needs\nrevision",
        "approved" + " " * 300 + "not",
        "approved" * 1000,
    ],
)
def test_everything_else_is_free_text(text: str) -> None:
    assert match_option(text, OPTIONS) is None


def test_options_that_fold_to_the_same_text_are_told_apart_only_when_written_exactly() -> None:
    options = ("needs-work", "needs_work", "ok")

    assert match_option("needs_work", options) == "needs_work"
    assert match_option(" needs-work ", options) == "needs-work"
    assert match_option("Needs work", options) is None
    assert match_option("OK", options) == "ok"


def test_an_option_that_is_listed_twice_is_one_option() -> None:
    assert match_option("YES", ("yes", "yes")) == "yes"


def test_options_of_signs_alone_match_only_themselves() -> None:
    assert match_option("👍", ("👍", "👎")) == "👍"
    assert match_option("!!!", ("!!!",)) == "!!!"
    assert match_option("...", ("!!!",)) is None
    assert match_option("+1", ("+1", "-1")) == "+1"
    assert match_option("\u22121", ("+1", "-1")) == "-1"
    assert match_option("1", ("+1", "-1")) is None


@pytest.mark.parametrize(
    ("text", "options", "option"),
    [
        ("GENEHMIGT!", ("genehmigt",), "genehmigt"),
        ("STRASSE", ("straße",), "straße"),
        ("ОДОБРЕНО", ("одобрено",), "одобрено"),
        ("İPTAL", ("iptal",), "iptal"),
        ("e\u0301dite\u0301", ("édité",), "édité"),
        ("承認。", ("承認",), "承認"),
        ("won’t fix", ("won't_fix",), "won't_fix"),
        ("ok?", ("ok?",), "ok?"),
        ("Ok?", ("ok?",), "ok?"),
        ("Ok", ("ok?",), None),
    ],
)
def test_options_may_be_in_any_language(text: str, options: tuple[str, ...], option: str | None) -> None:
    assert match_option(text, options) == option


def test_without_options_everything_is_free_text() -> None:
    assert match_option("approved", ()) is None
