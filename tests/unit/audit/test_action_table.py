"""The documentation tells of every action what its class says."""

import re

from support.action_table import PAGE, table


def test_the_table_of_actions_is_the_one_that_the_classes_make() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (written,) = re.findall(r"<!-- actions: begin[^>]*-->\n(.*?)\n<!-- actions: end -->", page, flags=re.DOTALL)

    assert written == table(), "run: python -m tests.support.action_table --write"
