"""The elementwise vocabulary: sympy classes that are never rewritten, their derivatives and their cost.

Lies below `spec` and `ir`; every renderer implements exactly the names of `VOCABULARY`.
"""

from rnncc.functions.partials import partials
from rnncc.functions.symbols import symbol
from rnncc.functions.vocabulary import VOCABULARY, Elementwise, Max, Min, function_cost

__all__ = ["VOCABULARY", "Elementwise", "Max", "Min", "function_cost", "partials", "symbol"]
