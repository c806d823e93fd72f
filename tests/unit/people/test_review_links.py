"""Mails carry the link to the page where their request is answered."""

from dataclasses import replace

import pytest
from support.world import World

from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.mail.letters.kinds import BounceNotice, Confirmation, SignInLetter, asking_of, linked
from nodback_core.mail.letters.render import render
from nodback_core.mail.letters.samples import letters
from nodback_core.usecases.letters.notify import notify
from nodback_core.usecases.letters.post import Post

URL = "https://nodback.test/review/1"


def test_the_mail_that_asks_names_the_page_of_its_request() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    post: Post = replace(world.post, sender=replace(world.post.sender, public_url="https://nodback.test"))

    notify(request.request_id, 1, post=post, now=world.now)

    (mail,) = world.mails_to(request.assignment.address)
    for part in ("plain", "html"):
        assert f"https://nodback.test/review/{request.request_id}" in mail.get_body((part,)).get_content()


@pytest.mark.parametrize("name", [n for n, letter in letters() if not isinstance(letter, SignInLetter)])
def test_every_letter_that_has_a_place_for_the_link_shows_it(name: str) -> None:
    letter = dict(letters())[name]
    assert not isinstance(letter, SignInLetter)
    has_place = asking_of(letter) is not None and letter.kind is not LetterKind.TEST_MAIL

    rendered = render(linked(letter, URL))

    assert (URL in rendered.text) == (URL in rendered.html)
    if has_place or (isinstance(letter, Confirmation | BounceNotice) and not getattr(letter, "is_test", False)):
        assert URL in rendered.text
