"""All claims, in the order of their ids."""

from benchmark.reporting.claims.chaotic import CHAOTIC
from benchmark.reporting.claims.declaration import Claim
from benchmark.reporting.claims.exposure import EXPOSURE
from benchmark.reporting.claims.rewards import REWARDS
from benchmark.reporting.claims.sampling import SAMPLING
from benchmark.reporting.claims.wisdom import WISDOM


def _place(claim: Claim) -> tuple[str, int]:
    return claim.id[0], int(claim.id[1:])


CLAIMS: tuple[Claim, ...] = tuple(sorted((*CHAOTIC, *SAMPLING, *REWARDS, *EXPOSURE, *WISDOM), key=_place))
