"""Weights files: safetensors with a header that says whose weights they are and a digest of everything in the file."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from rnncc.errors import WeightsError
from rnncc.runtime.atomic import write_atomically
from rnncc.runtime.kernels import Array

FORMAT = "rnncc-weights"
VERSION = "1"
_DTYPES = {"F32": "<f4", "F64": "<f8"}
Tensors = Mapping[str, Array]
About = dict[str, str]


def write_weights(path: str | os.PathLike[str], tensors: Tensors, about: About) -> None:
    """Write `tensors` with `about`; `path` holds either its old content or all of the new one. Raises `OSError`."""
    about = {"format": FORMAT, "version": VERSION, **about}
    native = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    about["digest"] = _digest({name: _raw(array) for name, array in native.items()}, about)
    write_atomically(path, safetensors.numpy.save(native, about))


def read_weights(path: str | os.PathLike[str]) -> tuple[dict[str, Array], About]:
    """Tensors and header of a file of `write_weights`.

    Raises `WeightsError` where the file is damaged or of another kind, `OSError` where it cannot be read.
    """
    data = Path(path).read_bytes()
    try:
        found: dict[str, dict[str, Any]] = dict(safetensors.deserialize(data))
        about = _header(data)
    except (safetensors.SafetensorError, ValueError) as problem:
        raise WeightsError(f"{path} is no safetensors file or is damaged: {problem}") from problem
    if about.get("format") != FORMAT or about.get("version") != VERSION:
        named = f"{about.get('format', 'no format')} version {about.get('version', 'none')}"
        raise WeightsError(f"{path}: found {named}, expected {FORMAT} version {VERSION}, as layer.save writes it")
    digest = about.pop("digest", "")
    if digest != _digest({n: (t["dtype"], tuple(t["shape"]), bytes(t["data"])) for n, t in found.items()}, about):
        raise WeightsError(f"{path} is damaged: its content does not match its digest; use another copy")
    return {name: _array(tensor) for name, tensor in found.items()}, about


def differences(tensors: Tensors, about: About, own: Tensors, own_about: About) -> list[str]:
    """How a file differs from a layer, one line a difference; empty where it fits."""
    found = [f"{k}: the file has {about.get(k, 'none')}, the layer {v}" for k, v in own_about.items() if about.get(k) != v]
    found += [f"{name}: missing in the file" for name in own if name not in tensors]
    found += [f"{name}: unknown to the layer" for name in tensors if name not in own]
    for name in own:
        if name in tensors and tensors[name].shape != own[name].shape:
            found.append(f"{name}: the file has shape {tensors[name].shape}, the layer {own[name].shape}")
    return found


def _header(data: bytes) -> About:
    """The free-form part of the header: eight bytes of length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    return dict(json.loads(data[8 : 8 + length]).get("__metadata__", {}))


def _raw(array: Array) -> tuple[str, tuple[int, ...], bytes]:
    name = next(key for key, value in _DTYPES.items() if np.dtype(value) == array.dtype)
    return name, array.shape, array.astype(_DTYPES[name], copy=False).tobytes()


def _array(tensor: Mapping[str, Any]) -> Array:
    return np.frombuffer(tensor["data"], _DTYPES[tensor["dtype"]]).reshape(tensor["shape"])


def _digest(tensors: Mapping[str, tuple[str, tuple[int, ...], bytes]], about: About) -> str:
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, (dtype, shape, data) in sorted(tensors.items()):
        digest.update(f"\n{name} {dtype} {shape}\n".encode())
        digest.update(data)
    return digest.hexdigest()
