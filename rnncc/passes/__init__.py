"""`Program -> Program`, one pass a file. Every caller verifies what it gets."""

from rnncc.passes.batch_means import batch_means
from rnncc.passes.cse import cse
from rnncc.passes.dce import dce
from rnncc.passes.differentiate import differentiate
from rnncc.passes.expectation import expectation
from rnncc.passes.hoist_sums import hoist_sums
from rnncc.passes.merge_totals import merge_totals
from rnncc.passes.minimum_cut import minimum_cut
from rnncc.passes.rename import rename
from rnncc.passes.rotate import rotate
from rnncc.passes.run_back import run_back
from rnncc.passes.settle import settle
from rnncc.passes.split import split
from rnncc.passes.tangent import tangent

__all__ = [
    "batch_means",
    "cse",
    "dce",
    "differentiate",
    "expectation",
    "hoist_sums",
    "merge_totals",
    "minimum_cut",
    "rename",
    "rotate",
    "run_back",
    "settle",
    "split",
    "tangent",
]
