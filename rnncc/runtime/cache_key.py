"""What a compiled cell depends on, as one short name: change any of it and the cache has no entry."""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def module_key(name: str, content: bytes, options: Mapping[str, object]) -> str:
    """The cache key of the cell `name`.

    Parameters
    ----------
    content
        The bytes of its spec and of the local modules the spec imports (`spec_content`), or another full description.
    options
        The options it is compiled with; their `repr` counts.
    """
    parts = [content, repr(sorted(options.items())).encode(), own_digest()]
    parts += [installed(library).encode() for library in ("numba", "llvmlite", "sympy")]
    return f"{name}_{_digest(parts).hexdigest()[:32]}"


def installed(library: str) -> str:
    """The version of `library`, empty where it is not there."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def spec_content(path: Path) -> bytes:
    """The bytes of a spec and of every module beside it that it imports, directly or through another."""
    return _digest(f.read_bytes() for f in [path, *sorted(local_modules(path))]).digest()


def local_modules(path: Path) -> set[Path]:
    """Files beside `path` that it imports, directly or through each other; what does not parse imports nothing."""
    found: set[Path] = set()
    todo = [path]
    while todo:
        new = set(_beside(path.parent, _imports(todo.pop()))) - found - {path}
        found |= new
        todo += new
    return found


def _beside(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        if (folder / f"{name}.py").is_file():
            yield folder / f"{name}.py"
        yield from (folder / name).glob("**/*.py")


def _imports(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name.partition(".")[0] for alias in node.names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]


@functools.cache
def own_digest(part: str = "") -> bytes:
    """Digest of rnncc's own sources, or of its folder `part` alone."""
    files = sorted((_PACKAGE / part).glob("**/*.py"))
    return _digest(bit for f in files for bit in (str(f.relative_to(_PACKAGE)).encode(), f.read_bytes())).digest()


def _digest(parts: Iterable[bytes]) -> "hashlib._Hash":
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total
