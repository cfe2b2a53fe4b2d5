"""LSTM and GRU with every transform, written out in PyTorch from the papers that the transforms come from."""

from dataclasses import dataclass, field

from tests.references.reference import torch

functional = torch.nn.functional


@dataclass(frozen=True)
class Transformed:
    """A step, as `tests.references.layers` takes it, under the keywords that a layer was given."""

    cell: str
    keywords: dict = field(default_factory=dict)

    def __call__(self, inputs, state, params, **masks):
        state = self.begun(inputs, state, params)
        new, old = dict(CELLS[self.cell](self, inputs["x"], state, params, masks)), dict(state)
        y = "h"
        for name in new:
            new[name] = self.zoned(name, old[name], new[name], masks)
        return self.mixed(inputs["x"], new[y], params), new

    def begun(self, inputs, state, params):
        if "reset" not in inputs:
            return state
        first = {name: params.get(f"{name}_first", torch.zeros(s.shape[1:], dtype=s.dtype)) for name, s in state.items()}
        return {name: torch.where(inputs["reset"][:, None] > 0, first[name], s) for name, s in state.items()}

    def zoned(self, name, old, new, masks):
        m = masks.get(f"zoneout_mask_{name}")
        return new if m is None else m * old + (1 - m) * new

    def mixed(self, x, y, params):
        if "highway" not in self.keywords:
            return y
        t = (x @ params["W_highway"].T + params["b_highway"]).sigmoid()
        return t * y + (1 - t) * (x @ params["P_highway"].T)

    def dropped(self, keyword, value, mask):
        return value if mask is None else value * (1 - mask) / (1 - self.keywords[keyword])

    def x(self, x, masks):
        return self.dropped("input_dropout", x, masks.get("input_dropout_mask_x"))

    def h(self, h, masks):
        return self.dropped("recurrent_dropout", h, masks.get("recurrent_dropout_mask_h"))

    def U(self, k, params, masks):
        return self.dropped("weight_drop", params[f"U_{k}"], masks.get(f"drop_mask_U_{k}"))

    def affine(self, k, x, h, params, masks):
        z = self.x(x, masks) @ params[f"W_{k}"].T + self.h(h, masks) @ self.U(k, params, masks).T
        if "layer_norm" in self.keywords:
            z = functional.layer_norm(z, z.shape[-1:], params[f"gain_{k}"])
        return self.within("preactivation_clip", z + params[f"b_{k}"])

    def within(self, keyword, value):
        bound = self.keywords.get(keyword)
        return value if bound is None else value.clamp(-bound, bound)

    def clipped(self, name, value):
        bound = self.keywords.get("state_clip")
        bound = bound.get(name) if isinstance(bound, dict) else bound
        return value if bound is None else value.clamp(-bound, bound)


def lstm(t, x, state, params, masks):
    i, f, g, o = (t.affine(k, x, state["h"], params, masks) for k in "ifgo")
    c = t.clipped("c", f.sigmoid() * state["c"] + i.sigmoid() * g.tanh())
    return {"h": t.clipped("h", o.sigmoid() * c.tanh()), "c": c}


def gru(t, x, state, params, masks):
    h = state["h"]
    z, r = (t.affine(k, x, h, params, masks).sigmoid() for k in "zr")
    n = t.affine("n", x, r * h, params, masks).tanh()
    return {"h": t.clipped("h", (1 - z) * h + z * n)}


CELLS = {"lstm": lstm, "gru": gru}
