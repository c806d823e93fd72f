"""Phrases around an option: negations, conditions, questions and other options never decide, courtesy never confuses."""

# ruff: noqa: E501 - tables of phrases
import random
from collections.abc import Callable

import pytest

from nodback_core.domain.replies.meaning.understanding import Meaning, understand
from nodback_core.domain.replies.reading import SentMail, read_reply

pytestmark = pytest.mark.fuzz

PHRASES_PER_BATCH = 25
BATCHES = 20
OUR_MAIL = SentMail("Nodback", "reply.example.com", ("Please review this content:", "  * Approved", "  * Rejected"))
OPTION_SETS = (
    ("approved", "rejected", "needs_revision"),
    ("approve", "reject"),
    ("publish", "hold back", "ask legal"),
    ("accept", "decline", "accept later"),
    ("variant_1", "variant_2", "variant_3"),
    ("genehmigt", "abgelehnt"),
    ("go", "stop"),
)

SALUTATIONS = (
    "",
    "",
    "Hi,\n",
    "Hi Bo, ",
    "Hello Nodback,\n\n",
    "Dear all,\n",
    "Good morning!\n",
    "Hallo zusammen,\n",
    "Hey - ",
)
COURTESIES = (
    "",
    "",
    "Thanks. ",
    "Thank you! ",
    "Thanks for the draft. ",
    "Great work! ",
    "Looks good. ",
    "Danke, ",
    "Merci ! ",
)
LABELS = (
    "",
    "",
    "",
    "Decision: ",
    "My answer: ",
    "Answer - ",
    "Status: ",
    "[Internal] ",
    "✅ ",
    "- ",
    "1. ",
    "👍 ",
    "Yes, ",
    "OK. ",
)
CLOSINGS = (
    "",
    "",
    "\nThanks, Dana",
    "\n\nKind regards,\nDana Lima",
    "\nBest,\nDana",
    "\n\n-- \nDana Lima\nHead of Content",
    " 👍",
)
BENIGN = (
    ". The headline is the best so far",
    "\nPlease charge it to cost centre 4711",
    " - great headline",
    ". Please send it to bo@example.com",
    "\n\nThe picture on page 2 is lovely.\nI like the colours.",
    "\n1. The headline is good\n2. The picture is fine",
    ", thanks",
    "! When will it go live this week?",
    "\nNo further comments.",
    "\nThe last draft was worse, and the second page had been too long",
)
NEGATED_BEFORE = (
    "not {o}", "Not yet {o}", "never {o}", "I do not think it is {o}", "cannot be {o}", "It isn't {o}", "It is not {o}",
    "nicht {o}", "noch nicht {o}", "pas {o}", "no {o} from me", "non-{o}", "un{o}", "hardly {o}", "not {o} at all", "don't {o}",
    "I don't {o}", "do not {o}", "I would never {o} this", "far from {o}", "nothing is {o}", "by no means {o}",
    "!{o}", "[ ] {o}", "☐ {o}", "neither {o} nor {p}", "anything but {o}", "I won't {o}", "We can't {o} this",
    "The last one was {o}", "I thought it was {o}", "Bo said {o}", "almost {o}", "half {o}", "to be {o}", "if {o}",
)  # fmt: skip
NEGATED_BEHIND = (
    " not", ", not", ": not", ": no", ", no", " - no", ". No.", "? No", "... not!", " - not really", ". Not really.",
    ". Actually no", "\nActually, no.", "\nno", "\nNot yet", "\n\nSorry, no", "\nWait", "\nP.S. not before Monday", "\n- but not this one",
    ". Wait, hold on", ", nicht", ", doch nicht", "\nNein, doch nicht", ", pas vraiment", "\nFinalement non", "\nMejor no",
    ". I changed my mind", "\nScratch that", "\nOn second thought, leave it", "! Just kidding", ": false", " = false",
    " is not what I mean", "\nDo not send it", "\nPlease don't publish it yet", ". Never mind", "\nI take it back", " 👎", " ❌",
)  # fmt: skip
CONDITIONS_BEFORE = (
    "If legal agrees, {o}", "Unless Bo objects: {o}", "Once the price is fixed, {o}", "Only {o} for Germany", "Maybe {o}",
    "Provided that legal agrees: {o}", "When legal agrees - {o}", "Subject to legal: {o}", "Wenn Legal zustimmt, {o}",
    "Si le juridique est d'accord, {o}", "After the typo is fixed: {o}", "As soon as Bo agrees, {o}", "In principle {o}",
    "Probably {o}", "Could be {o}", "Should it be {o}", "Would it be {o}", "Let's say {o}",
)  # fmt: skip
CONDITIONS_BEHIND = (
    " if legal agrees", ", if legal agrees", " - if legal agrees", ". If legal agrees.", "\nif legal agrees", "\n- only if legal agrees",
    " unless Bo objects", ", unless Bo objects", "\nUnless Bo objects", " but not before Monday", ", but not before Monday",
    "\nBut not before Monday", " only for Germany", " once legal has signed", "\nOnce legal has signed", " with changes",
    " subject to legal", ", subject to legal", "\nSubject to legal", " except page 2", "\nExcept for page 2", " until Monday",
    ", provided that legal agrees", "\nProvided legal agrees", " as long as it is cheap", "\nAs long as it is cheap",
    ", aber nur mit Logo", "\naber erst ab Montag", " sofern Legal zustimmt", ", mais seulement lundi", "\nSauf la page 2",
    ", pero solo el lunes", "\nMa solo lunedì", ", maar alleen maandag", "\nmen bara på måndag", ", но только в понедельник",
    "\nalbo nie, ale tylko jeśli", "、ただし法務が同意した場合のみ", "，但是要等法务同意", " pending legal", ", maybe", ", I think", ", I guess",
    " (if legal agrees)", " (but not page 2)", "\nGreat picture, but only if Bo agrees", "\nNice. However, the price must change",
    " in principle", " for Germany", " by Bo", " minus page 2", " apart from page 2", "\nHowever, page 2 must go", " after page 2 is gone",
)  # fmt: skip
QUESTIONS = (
    "{o}?",
    "{o} ?",
    "{o}??",
    "{o}?!",
    "Is it {o}?",
    "{o}, right?",
    "{o} - really?",
    "Should I say {o}?",
    "{o}, or what?",
    "{o}？",
)
OTHERS = (
    "{o} or {p}", "{p} or {o}", "{o}/{p}", "{o} / {p}", "{o}, {p}", "{o} {p}", "{o} and {p}", "{o}\n{p}", "{o}\n\n{p}.",
    "{o}. {p}", "{o}; {p}", "{o} not {p}", "{o}. Great work. {p}", "{o}\nThank you.\n{p}", "{o}\n- {p}", "{o}\nSorry, {p}",
    "{o}, I mean {p}", "{o} - {p}", "{o} ({p})", "{o} vs {p}", "{o}\nI mean {p}", "{o}, then {p}", "{o}|{p}", "{o}\nPlease {p} it",
    "{o}\nOn reflection I would say {p}", "{o}. Well, the right word is {p}", "{o}\n1. {p}", "{o}\nCorrection: {p}", "either {o} or {p}", "{o} > {p}", "{o} rather than {p}", "{o} instead of {p}",
)  # fmt: skip


def spelt(chance: random.Random, option: str) -> str:
    """An option as somebody types it."""
    text = option.replace("_", chance.choice(("_", " ", "-")))
    return chance.choice((text, text, text.capitalize(), text.upper(), f"“{text}”", f"*{text}*"))


def around(chance: random.Random, core: str) -> str:
    """The same text with what people put before and behind it."""
    start = f"{chance.choice(SALUTATIONS)}{chance.choice(COURTESIES)}{chance.choice(LABELS)}"
    return f"{start}{core}{chance.choice(('', '.', '!')) if core[-1:].isalnum() else ''}{chance.choice(CLOSINGS)}"


def pair(chance: random.Random) -> tuple[tuple[str, ...], str, str]:
    options = chance.choice(OPTION_SETS)
    option, other = chance.sample(options, 2)
    return options, option, other


def meaning(text: str, options: tuple[str, ...]) -> Meaning:
    return understand(read_reply(text, OUR_MAIL, writer="Dana Lima").text, options, writer="Dana Lima")


def negated(chance: random.Random, option: str, other: str) -> str:
    if chance.random() < 0.5:
        return chance.choice(NEGATED_BEFORE).format(o=option, p=other)
    return spelt(chance, option) + behind(chance, NEGATED_BEHIND)


def conditional(chance: random.Random, option: str, other: str) -> str:
    if chance.random() < 0.3:
        return chance.choice(CONDITIONS_BEFORE).format(o=option, p=other)
    return spelt(chance, option) + behind(chance, CONDITIONS_BEHIND)


def behind(chance: random.Random, doubts: tuple[str, ...]) -> str:
    """What takes an answer back, perhaps after a comment; then it is a sentence or a line of its own."""
    if chance.random() < 0.7:
        return chance.choice(doubts)
    return chance.choice(BENIGN[:6]) + chance.choice([doubt for doubt in doubts if doubt[0] in ".\n"])


def questioned(chance: random.Random, option: str, other: str) -> str:
    return chance.choice(QUESTIONS).format(o=spelt(chance, option), p=other)


def contradicted(chance: random.Random, option: str, other: str) -> str:
    return chance.choice(OTHERS).format(o=spelt(chance, option), p=other.replace("_", " "))


SPOILT: tuple[Callable[[random.Random, str, str], str], ...] = (negated, conditional, questioned, contradicted)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_is_negated_conditional_asked_or_contradicted_never_decides(batch: int, scale: float) -> None:
    chance = random.Random(batch)
    for _ in range(int(PHRASES_PER_BATCH * scale) or 1):
        options, option, other = pair(chance)
        text = around(chance, chance.choice(SPOILT)(chance, option, other))
        understood = meaning(text, options)
        assert understood.outcome is None, (text, options, understood)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_stands_around_an_option_never_makes_another(batch: int, scale: float) -> None:
    chance = random.Random(1_000 + batch)
    many = max(int(PHRASES_PER_BATCH * scale), 40)
    understood = 0
    for _ in range(many):
        options, option, _other = pair(chance)
        comment = chance.choice(BENIGN) if chance.random() < 0.5 else ""
        text = around(chance, f"{spelt(chance, option)}{comment}")
        found = meaning(text, options).outcome
        assert found in (option, None), (text, options, found)
        understood += found == option
    assert understood >= many * 0.9, understood
