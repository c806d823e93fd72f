"""Mails carry the link to the page where their request is answered."""

from dataclasses import replace

import pytest
from support.world import World

from nodback_core.mail.letters.kinds import Asking, BounceNotice, Confirmation
from nodback_core.mail.letters.render import render
from nodback_core.mail.letters.samples import letters
from nodback_core.usecases.letters.messages import Post
from nodback_core.usecases.letters.notify import notify
from nodback_core.usecases.letters.review_links import linked

URL = "https://nodback.test/review/1"


def test_the_mail_that_asks_names_the_page_of_its_request() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    post: Post = replace(world.post, sender=replace(world.post.sender, public_url="https://nodback.test"))

    notify(request.request_id, 1, post=post, now=world.now)

    (mail,) = world.mails_to(request.assignment.address)
    for part in ("plain", "html"):
        assert f"https://nodback.test/review/{request.request_id}" in mail.get_body((part,)).get_content()


@pytest.mark.parametrize("name", [n for n, _ in letters()])
def test_every_letter_that_has_a_place_for_the_link_shows_it(name: str) -> None:
    letter = dict(letters())[name]
    holder = getattr(letter, "request", letter)
    has_place = isinstance(getattr(holder, "asking", None), Asking) and name != "test mail"

    rendered = render(linked(letter, URL))

    assert (URL in rendered.text) == (URL in rendered.html)
    if has_place or (isinstance(letter, Confirmation | BounceNotice) and not getattr(letter, "is_test", False)):
        assert URL in rendered.text
