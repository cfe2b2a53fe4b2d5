"""No published cell: an Elman network over words and a speaker, whose output has the weights of the words for its own."""

from rnncc.spec import Cell, sigmoid, tanh

cell = Cell("Words")
word = cell.index("word")
h = cell.state("h")
speaker = cell.index("speaker", size=cell.size("speakers", default=3))
E, U = cell.weight("E", h, word), cell.weight("U", h, h)

e = E @ word
z = sigmoid((U * cell.weight("A", h, h)) @ e + cell.weight("V", h, speaker) @ speaker + cell.bias("b", h))
fresh = tanh((0.5 * cell.weight("W", h, word)) @ word + U @ h)
h_new = z * h + (1 - z) * fresh

cell.next(h=h_new)
cell.output(E.T @ h_new)
