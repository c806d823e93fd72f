"""A lease on one resume, kept alive by a thread while the flow works, and never believed longer than it lasts."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from nodback.errors import ClaimLost, ServiceError
from nodback.reviews import Claim, ReviewService

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3
JOIN_SECONDS = 10.0


class Lease:
    """Renews a claim until it is left; `require()` raises as soon as it may be somebody else's.

    Args:
        claimed_at: the clock's reading BEFORE the claim was asked for, so that our end never lies after the service's.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        service: ReviewService,
        claim: Claim,
        *,
        claimed_at: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._claim = claim
        self._clock = clock
        self._ends_at = claimed_at + claim.lease_seconds
        self._taken = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._renew_for_ever, name=f"lease-{claim.request_id}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        # A renewal under way may not outlive the client that it uses.
        self._thread.join(JOIN_SECONDS)

    @property
    def is_held(self) -> bool:
        return not self._taken and self._clock() < self._ends_at

    def require(self) -> None:
        """Do nothing while the lease is ours.

        Raises:
            ClaimLost: it has ended, or the service has given the resume to somebody else.
        """
        if not self.is_held:
            raise ClaimLost(
                f"The lease of request {self._claim.request_id} ended before the flow went on, so another worker may "
                "have taken it over. This one stopped before any listener ran."
            )

    def renew(self) -> None:
        """Ask for one more term; what the service does not confirm does not count."""
        asked_at = self._clock()
        try:
            self._service.renew(self._claim.request_id, self._claim.claim_id)
        except ClaimLost:
            self._taken = True
        except ServiceError as error:
            logger.warning("The lease of request %s could not be renewed yet: %s", self._claim.request_id, error)
        else:
            self._ends_at = asked_at + self._claim.lease_seconds

    def _renew_for_ever(self) -> None:
        while not self._stopped.wait(self._claim.lease_seconds / RENEWALS_PER_LEASE):
            if self._taken:
                return
            self.renew()
