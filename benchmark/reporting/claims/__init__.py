"""Published claims as declared tests: what a claim says, the direction written before the run, and what came of it."""

from benchmark.reporting.claims.catalogue import CLAIMS
from benchmark.reporting.claims.declaration import Claim, Part
from benchmark.reporting.claims.judging import Judged, JudgedPart, judge

__all__ = ["CLAIMS", "Claim", "Judged", "JudgedPart", "Part", "judge"]
