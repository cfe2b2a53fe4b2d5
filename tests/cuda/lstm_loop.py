"""The loop of an LSTM's inference by hand, in the form in which the compiler writes kernels: what the device side is tested with."""

from rnncc.runtime.cuda.barrier import barrier, begin
from rnncc.runtime.cuda.compiled import kernel
from rnncc.runtime.cuda.constants import ROWS, THREADS, TILE, UNITS
from rnncc.runtime.cuda.counts import groups, least, share
from rnncc.runtime.cuda.memory import resident, shared_memory
from rnncc.runtime.cuda.places import part_of, threads
from rnncc.runtime.cuda.product import collect, multiply, new_sums, total
from rnncc.runtime.cuda.vocabulary import sigmoid, tanh


@kernel
def inference_loop(
    meet, owners, rows, live, against, keep_1, hidden, panel_1, h_seq, i_in_pre_seq, f_in_pre_seq, g_in_pre_seq,
    o_in_pre_seq, c_row,
):  # fmt: skip
    """One block's rows and units, every step: i_in, i, f_in, f, g_in, g, o_in, o, c_new, tanh_c_new, h_new."""
    thread, _, _ = threads()
    first, last, own = part_of(rows, owners)
    memory = shared_memory(h_seq)
    tile_1 = memory[: 4 * TILE]
    low_1, high_1 = share(groups(hidden, UNITS), own, owners)
    weights_1, _ = resident(memory, 4 * TILE, panel_1, low_1, keep_1)
    meeting = begin()
    for tick in range(len(live)):
        time = len(live) - 1 - tick if against else tick
        before = time + 1 if against else time
        after = time if against else time + 1
        end = least(last, live[time])

        # phase 1: units of hidden
        for group in range(low_1, high_1):
            for top in range(first, end, ROWS):
                sums = new_sums(4, tile_1)
                sums = multiply(sums, weights_1, group, 0, h_seq[before], 0, hidden, top, end)
                collect(tile_1, sums)
                for item in range(thread, ROWS * UNITS, THREADS):
                    row, unit = top + item // UNITS, group * UNITS + item % UNITS
                    if row < end and unit < hidden:
                        i_in = i_in_pre_seq[time, row, unit] + total(tile_1, 4, 0, item)
                        i = sigmoid(i_in)
                        f_in = f_in_pre_seq[time, row, unit] + total(tile_1, 4, 1, item)
                        f = sigmoid(f_in)
                        g_in = g_in_pre_seq[time, row, unit] + total(tile_1, 4, 2, item)
                        g = tanh(g_in)
                        o_in = o_in_pre_seq[time, row, unit] + total(tile_1, 4, 3, item)
                        o = sigmoid(o_in)
                        c = c_row[row, unit]
                        c_new = c * f + g * i
                        tanh_c_new = tanh(c_new)
                        h_new = o * tanh_c_new
                        h_seq[after, row, unit] = h_new
                        c_row[row, unit] = c_new
        meeting = barrier(meet, owners, meeting)
