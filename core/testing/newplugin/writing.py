"""`orderyard new-plugin`: a plugin's folder whose kit runs at once and says what is still to do."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from string import Template

from ...kernel.errors import DomainError

KINDS = ("channel", "carrier")
_SLUG = re.compile(r"[a-z][a-z0-9]{1,30}")
_SUFFIX = ".txt"


def write_plugin(kind: str, name: str, into: Path) -> list[Path]:
    """Write the folder `<kind>_<name>` into a directory; the files, in order. Nothing that is there is overwritten.

    Raises DomainError for a name that cannot be a package's, and for a folder that exists.
    """
    if kind not in KINDS:
        raise DomainError(f"there is no kind of plugin {kind!r}", remedy=f"one of: {', '.join(KINDS)}")
    if not _SLUG.fullmatch(name):
        raise DomainError(
            f"{name!r} cannot be a plugin's name", remedy="use 2 to 31 small letters and digits, a letter first: jd, pdd, yto"
        )
    slug = f"{kind}_{name}"
    target = into / slug
    if target.exists():
        raise DomainError(f"{target} is there already", remedy="choose another name, or another folder with --into")
    words = {
        "slug": slug,
        "name": name,
        "dashes": slug.replace("_", "-"),
        "package": f"orderyard_{slug}",
        "title": name.upper() if len(name) <= 3 else name.title(),
        "Class": name.title(),
    }
    root = resources.files(__package__) / kind
    written = []
    for source in sorted(root.iterdir(), key=lambda entry: entry.name):
        if not source.name.endswith(_SUFFIX):
            continue
        # `package__adapter.py.txt` becomes `orderyard_channel_jd/adapter.py`.
        folder, _, file_name = source.name.removesuffix(_SUFFIX).replace("NAME", name).rpartition("__")
        file = target / folder.replace("package", words["package"]) / file_name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        written.append(file)
    for file, text in (
        (target / words["package"] / "__init__.py", f'"""{words["title"]} for Orderyard."""\n'),
        (target / words["package"] / "py.typed", ""),
    ):
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written
