"""The rows that a change is decided over: those with a key, and those that only the first ones lead to."""

from support.world import World

from nodback_core.domain.flows.flow import Flow
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Record, Rows
from nodback_core.usecases.shared.change import change


def test_what_the_first_rows_lead_to_is_read_again_at_each_try() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    flow = Flow.at(request.deployment_id, request.flow_id)
    seen: list[int] = []

    def its_flow(rows: Rows) -> list[Record]:
        led_to = rows.of(Request).flow_id
        return [row] if (row := world.store.fetch(flow)[flow]) and row.flow_id == led_to else []

    def overtaken_once(rows: Rows) -> Outcome:
        known = rows.of(Flow)
        seen.append(known.version)
        if len(seen) == 1:
            world.store.commit([known])
        return Outcome(rows=(known,))

    after = change(overtaken_once, request.key, on=world.store, now=world.now, more=its_flow)

    assert seen == [1, 2]
    assert after.of(Flow).version == 3
    assert after.of(Request) == world.request(request.request_id)
