"""Every line of a reply votes: an option on the first line that a later line takes back is asked back."""

import pytest
from support.world import REVIEWER, World

from nodback_core.domain.replies.meaning.understanding import understand
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Status

OPTIONS = ("approved", "rejected", "needs_revision")


def doubt(text: str, options: tuple[str, ...] = OPTIONS) -> str | None:
    meant = understand(text, options)
    assert (meant.outcome is None) == (meant.doubt is not None), meant
    return meant.doubt


TAKEN_BACK = [
    "Actually no, rejected.",
    "only if legal agrees",
    "Not really",
    "But not before Monday",
    "rejected",
    "Rejected: the price is wrong",
    "Needs revision, section 2",
    "needs-revision",
    "No, wait",
    "no",
    "Unless the budget is cut",
    "if legal agrees",
    "However, please fix section 2 first",
    "Wait, hold on",
    "Hold on a second",
    "Except for the last paragraph",
    "- but only the first part",
    "* Only when the numbers are in",
    "P.S. not before Monday",
    "PS: only if legal agrees",
    "Sorry, rejected",
    "Oh wait, I meant rejected",
    "I mean rejected",
    "On second thought, no",
    "Scratch that",
    "Never mind",
    "Provided that legal agrees",
    "Subject to the lawyers' OK",
    "As long as it stays under 500",
    "Do not publish yet",
    "Please don't publish it yet",
    "And only if Bo agrees",
    "approved only if legal agrees",
    "approved?",
    "Approved, but not the headline",
    "BUT NOT THE HEADLINE",
    "don’t send it",
    "…but not yet",
]
KEPT = [
    "Please charge it to cost centre 4711",
    "Thanks, Dana",
    "Great work!",
    "approved",
    "Approved by me and Bo.",
    "Notes are in the file",
    "Nothing to add",
    "Button colours are lovely",
    "No comments.",
    "No further comments from me",
    "no objections",
    "If you have any questions, let me know.",
    "Iffy headline, still good",
    "Not a problem",
    "Ali",
    "Om",
    "No. 12, High Street",
    "Only one remark: lovely",
    "Non-Executive Director, Acme",
    "No 12 High Street",
    "Exceptional work",
    "The second paragraph was rejected last week and is fine now",
    "Holding my breath for the launch",
    "1. The headline is good",
    "",
    "👍",
]


@pytest.mark.parametrize("later", TAKEN_BACK)
def test_a_later_line_that_takes_it_back_or_makes_it_depend_is_a_doubt(later: str) -> None:
    assert doubt(f"Approved.\n\n{later}") == later
    assert doubt(f"approved\nThank you all.\n{later}\nDana") == later


@pytest.mark.parametrize("later", KEPT)
def test_a_comment_is_none(later: str) -> None:
    assert doubt(f"approved\n\n{later}") is None


@pytest.mark.parametrize(
    "later",
    [
        "aber nur, wenn die Rechtsabteilung zustimmt",
        "Nein, doch nicht",
        "Nur wenn das Budget reicht",
        "Es sei denn, Bo ist dagegen",
        "mais seulement si le service juridique est d’accord",
        "Non, finalement",
        "Sauf le dernier paragraphe",
        "pero solo si legal está de acuerdo",
        "A menos que cambie el precio",
        "ma solo se il legale è d'accordo",
        "mas só se o jurídico concordar",
        "Não, espere",
        "maar alleen als juridische zaken akkoord gaat",
        "men endast om juridik godkänner",
        "men kun hvis jura er enig",
        "Med mindre prisen endres",
        "mutta vain jos lakiosasto hyväksyy",
        "ale tylko jeśli dział prawny się zgodzi",
        "ale pouze pokud souhlasí právní oddělení",
        "csak ha a jogi osztály egyetért",
        "De csak hétfő után",
        "dar numai dacă juridicul este de acord",
        "ama sadece hukuk onaylarsa",
        "αλλά μόνο αν συμφωνεί το νομικό τμήμα",
        "но только если юристы согласны",
        "але лише якщо юристи згодні",
        "но само ако юристите са съгласни",
        "אבל רק אם המחלקה המשפטית מסכימה",
        "لكن فقط إذا وافق القسم القانوني",
        "اما فقط اگر حقوقی موافق باشد",
        "ただし法務が同意した場合のみ",
        "しかし、法務の同意が必要です",
        "하지만 법무팀이 동의해야 합니다",
        "但是要等法务同意",
        "不行，等一下",
        "但要等法務同意",
        "แต่ต้องให้ฝ่ายกฎหมายเห็นชอบ",
        "nhưng chỉ khi phòng pháp chế đồng ý",
        "tapi hanya jika bagian hukum setuju",
        "लेकिन केवल अगर कानूनी विभाग सहमत हो",
    ],
)
def test_a_reversal_is_known_in_the_languages_of_the_tables(later: str) -> None:
    assert doubt(f"approved\n{later}") == later


def test_a_longer_option_wins_and_the_chosen_one_is_no_contradiction_of_itself() -> None:
    options = ("approve", "approve with changes", "no", "hold")
    assert doubt("approve with changes\napprove with changes in section 2", options) is None
    assert doubt("approve\napprove with changes", options) == "approve with changes"
    assert doubt("no\nNo budget left", options) is None
    assert doubt("hold\nHold it until Monday", options) is None
    assert doubt("hold\nNo budget left", options) == "No budget left"


@pytest.mark.parametrize("free_text", ["pass", "ask"])
@pytest.mark.parametrize(
    "text", ["Approved\nActually no, rejected.", "Approved\nonly if legal agrees", "approved.\n\nNot really"]
)
def test_a_contradicted_answer_is_asked_back_in_every_mode(text: str, free_text: str) -> None:
    world = World()
    request_id = world.pause(world.deployment(free_text=free_text)).request.request_id
    world.deliver()
    assert world.reply(text, to=world.reply_address()) is Result.UNCLEAR
    assert world.request(request_id).status is Status.PENDING
    world.deliver()
    letter = " ".join(world.mails_to(REVIEWER)[-1].get_body(("plain",)).get_content().split())
    first, later = text.split("\n", 1)
    assert first in letter
    assert later.strip() in letter
    assert "a later line" in letter
    assert world.reply(first, to=world.reply_address()) is Result.RECORDED


def test_a_comment_under_the_answer_leaves_it_as_it_is() -> None:
    world = World()
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    text = "approved\nPlease charge it to cost centre 4711"
    assert world.reply(text, to=world.reply_address()) is Result.RECORDED
    decision = world.request(request_id).decision
    assert decision is not None
    assert decision.outcome == "approved"


def test_a_reversal_below_the_closing_is_read_too() -> None:
    world = World()
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    text = "approved\n\nBest regards,\nDana\n\nBut not before Monday"
    assert world.reply(text, to=world.reply_address()) is Result.UNCLEAR
    assert world.request(request_id).status is Status.PENDING


def test_free_text_needs_no_vote() -> None:
    world = World()
    world.pause(world.deployment())
    world.deliver()
    assert world.reply("Only if legal agrees\nrejected", to=world.reply_address()) is Result.RECORDED
