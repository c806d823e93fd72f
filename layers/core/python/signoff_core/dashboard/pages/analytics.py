"""How we are doing."""

from signoff_core.dashboard.visits import Visit
from signoff_core.dashboard.web import Answer


def page(visit: Visit) -> Answer:
    return visit.page("analytics.html")
