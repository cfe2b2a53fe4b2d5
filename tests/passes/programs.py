"""Programs built by hand from the node classes, and arrays to run them on."""

import numpy as np

from rnncc.emit.numpy import run
from rnncc.functions import VOCABULARY, symbol
from rnncc.ir import COLUMNS, Carry, Contract, Input, Pointwise, Program, Reduce, verify
from rnncc.runtime.blocks import axis_length

SIZES = {"input": 4, "hidden": 6, "proj": 3}
STREAM = ("T", "N", "hidden")
sigmoid, tanh = VOCABULARY["sigmoid"], VOCABULARY["tanh"]


def s(names):
    """Symbols by name, one or several."""
    found = tuple(symbol(n) for n in names.split())
    return found if len(found) > 1 else found[0]


def affine(k, state="h"):
    """`W_k @ x + U_k @ h + b_k` as nodes; the sum is called `k_in`."""
    return (
        Contract(f"W_{k}_x", STREAM, f"W_{k}", "x", "ij,TNj->TNi"),
        Contract(f"U_{k}_{state}", STREAM, f"U_{k}", state, "ij,TNj->TNi"),
        Pointwise(f"{k}_in", STREAM, s(f"W_{k}_x") + s(f"U_{k}_{state}") + s(f"b_{k}")),
    )


def gate_inputs(k):
    axes = {"W": ("hidden", "input"), "U": ("hidden", "hidden"), "b": ("hidden",)}
    return tuple(Input(f"{letter}_{k}", a, "param") for letter, a in axes.items())


def lstm():
    i, f, g, o, c, c_new, tanh_c = s("i f g o c c_new tanh_c_new")
    nodes = [n for k in "ifgo" for n in (*affine(k), Pointwise(k, STREAM, (tanh if k == "g" else sigmoid)(s(f"{k}_in"))))]
    nodes += [
        Pointwise("c_new", STREAM, f * c + i * g),
        Pointwise("tanh_c_new", STREAM, tanh(c_new)),
        Pointwise("h_new", STREAM, o * tanh_c),
    ]
    inputs = [Input("x", ("T", "N", "input"), "input"), *(i for k in "ifgo" for i in gate_inputs(k))]
    inputs += [Input(f"{k}_0", ("N", "hidden"), "init") for k in "hc"]
    carries = tuple(Carry(k, f"{k}_0", f"{k}_new", f"{k}_T", STREAM) for k in "hc")
    outputs = (("output", "h_new"), ("h_T", "h_T"), ("c_T", "c_T"))
    return verify(Program("LSTM", tuple(inputs), carries, tuple(nodes), outputs))


def window():
    """No loop: a state that is the input of the step before, a dense layer on both, a mean over the units."""
    nodes = (
        Contract("W_x", STREAM, "W", "x", "ij,TNj->TNi"),
        Contract("V_w", STREAM, "V", "w", "ij,TNj->TNi"),
        Pointwise("a", STREAM, s("W_x") + s("V_w")),
        Pointwise("y", STREAM, tanh(s("a"))),
        Reduce("y_sum", ("T", "N"), "y", "sum"),
        Pointwise("z", STREAM, s("y") * s("y_sum") / s("n_hidden")),
    )
    inputs = (
        Input("x", ("T", "N", "input"), "input"),
        Input("W", ("hidden", "input"), "param"),
        Input("V", ("hidden", "input"), "param"),
        Input("w_0", ("N", "input"), "init"),
        Input("n_hidden", (), "size"),
    )
    carries = (Carry("w", "w_0", "x", "w_T", ("T", "N", "input")),)
    return verify(Program("Window", inputs, carries, nodes, (("output", "z"), ("w_T", "w_T"))))


def linear():
    """`h' = W @ x + U @ h`, `output = V @ h' + b`: cotangents need nothing of the forward pass but its states."""
    nodes = (
        Contract("W_x", STREAM, "W", "x", "ij,TNj->TNi"),
        Contract("U_h", STREAM, "U", "h", "ij,TNj->TNi"),
        Pointwise("h_new", STREAM, s("W_x") + s("U_h")),
        Contract("V_h", ("T", "N", "proj"), "V", "h_new", "ij,TNj->TNi"),
        Pointwise("y", ("T", "N", "proj"), s("V_h") + s("b")),
    )
    inputs = (
        Input("x", ("T", "N", "input"), "input"),
        Input("W", ("hidden", "input"), "param"),
        Input("U", ("hidden", "hidden"), "param"),
        Input("V", ("proj", "hidden"), "param"),
        Input("b", ("proj",), "param"),
        Input("h_0", ("N", "hidden"), "init"),
    )
    carries = (Carry("h", "h_0", "h_new", "h_T", STREAM),)
    return verify(Program("Linear", inputs, carries, nodes, (("output", "y"), ("h_T", "h_T"))))


def arrays(program, rng, steps=5, batch=4, sizes=SIZES, scale=0.5):
    """Random inputs by name; size inputs are left to the interpreter."""
    length = {"T": steps, "N": batch, **sizes}

    def shape(axes):
        return [length[a] if a in length else axis_length(a.removesuffix(COLUMNS), length.__getitem__) for a in axes]

    found = {}
    for i in program.inputs:
        if i.role == "index":
            found[i.name] = rng.integers(0, length["input"], shape(i.type))
        elif i.role != "size":
            found[i.name] = rng.normal(size=shape(i.type)) * scale
    return found


def in_turn(sweeps, env, **options):
    """What the sweeps of `split` return, run one after another, each given what the earlier ones returned."""
    out = {}
    for sweep in sweeps:
        out |= run(verify(sweep), env | out, **options)
    return out


def relative(found, expected):
    """The largest difference, relative to the largest magnitude."""
    expected = np.asarray(expected)
    if expected.size == 0:
        return 0.0
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))
