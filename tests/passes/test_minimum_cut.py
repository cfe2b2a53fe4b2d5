from rnncc.passes.minimum_cut import NEVER, minimum_cut


def cut(need, operands, keep, again):
    return minimum_cut(need, lambda v: operands.get(v, ()), keep.__getitem__, again.__getitem__)


def test_a_cheap_value_is_computed_again_from_a_dear_one():
    kept, again = cut(["t"], {"t": ["c"]}, {"t": 10, "c": 10}, {"t": 3, "c": NEVER})
    assert (kept, again) == ({"c"}, {"t"}) or (kept, again) == ({"t"}, set())
    kept, again = cut(["t", "c"], {"t": ["c"]}, {"t": 10, "c": 10}, {"t": 3, "c": NEVER})
    assert (kept, again) == ({"c"}, {"t"})


def test_a_dear_value_is_kept():
    kept, again = cut(["i"], {"i": ["i_in"]}, {"i": 10, "i_in": 10}, {"i": 20, "i_in": NEVER})
    assert (kept, again) == ({"i"}, set())


def test_two_needs_share_what_is_kept():
    operands = {"a": ["c"], "b": ["c"]}
    kept, again = cut(["a", "b"], operands, {"a": 10, "b": 10, "c": 10}, {"a": 1, "b": 1, "c": NEVER})
    assert (kept, again) == ({"c"}, {"a", "b"})


def test_one_value_is_kept_rather_than_two_operands():
    kept, again = cut(["y"], {"y": ["a", "b"]}, {"y": 10, "a": 10, "b": 10}, {"y": 1, "a": NEVER, "b": NEVER})
    assert (kept, again) == ({"y"}, set())


def test_a_chain_is_cut_at_its_cheapest_point():
    operands = {"d": ["c"], "c": ["b"], "b": ["a"]}
    kept, again = cut(["d"], operands, {"a": 9, "b": 2, "c": 9, "d": 9}, {"a": NEVER, "b": NEVER, "c": 1, "d": 1})
    assert (kept, again) == ({"b"}, {"c", "d"})


def test_nothing_needed():
    assert cut([], {}, {}, {}) == (set(), set())
