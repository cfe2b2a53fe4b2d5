from rnncc.functions import symbol
from rnncc.ir import Concat, Contract, Gather, Pointwise, Reduce
from rnncc.passes import rename


def test_every_operand_goes_by_its_new_name():
    names = {"a": "p", "b": "q"}
    assert rename(Pointwise("y", (), symbol("a") * symbol("b")), names) == Pointwise("y", (), symbol("p") * symbol("q"))
    assert rename(Contract("y", (), "a", "b", "i,i->"), names) == Contract("y", (), "p", "q", "i,i->")
    assert rename(Gather("y", (), "a", "b"), names) == Gather("y", (), "p", "q")
    assert rename(Reduce("y", (), "a", "sum"), names) == Reduce("y", (), "p", "sum")
    assert rename(Concat("y", (), ("a", "c", "a")), names) == Concat("y", (), ("p", "c", "p"))


def test_names_may_be_exchanged():
    y = Pointwise("y", (), symbol("a") - symbol("b"))
    assert rename(y, {"a": "b", "b": "a"}).expr == symbol("b") - symbol("a")


def test_a_node_that_reads_none_of_the_names_stays():
    y = Pointwise("a", (), symbol("c"))
    assert rename(y, {"a": "b"}) is y
