"""Which function receives which entries, as the classes of the actions say; never listed by hand."""

from nodback_core.domain.audit.trail import actions_that
from nodback_core.domain.figures.facts import kind_of
from nodback_core.domain.people.sessions import LINK_ASKED
from nodback_core.domain.reviews.deadlines import OVERDUE_EVENT
from nodback_core.domain.reviews.happenings import Opened
from nodback_core.domain.webhooks.webhook import WEBHOOKS

# Nothing happens because of these: they are no events, and cost no invocation.
BOOKKEEPING = actions_that(lambda kind: not kind.is_event)
# What somebody may get a mail about.
NOTIFIED = actions_that(lambda kind: kind.calls_for_mail)
# What is counted: a request opens, and it closes.
COUNTED = actions_that(lambda kind: kind_of(kind.action))
# What begins a wait: a request with a deadline, and the sweeper's finding that a wait was lost.
WAITED_FOR = [Opened.action.value, OVERDUE_EVENT]
# What a person waits for who signs in; no entry of the trail.
SIGN_IN = [LINK_ASKED]
# The mark of the entries that a webhook of their deployment wants to be told of.
WEBHOOK_MARK = WEBHOOKS
