"""How long a device works for calls of a layer."""


def elapsed(cupy, layer, x):
    """Milliseconds of five calls behind another one."""
    layer(x)
    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    begin.record()
    for _ in range(5):
        layer(x)
    end.record()
    end.synchronize()
    return cupy.cuda.get_elapsed_time(begin, end)
