"""Strip outputs and execution counts from notebooks, in place; nothing else changes.

    python notebooks/strip.py notebooks/*.ipynb

What a notebook shows is made when it is run, by the tests or by a reader. Stored
outputs would grow the history, grow stale, and may hold customers' data.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def stripped(text: str) -> str:
    """Return the JSON of a notebook without what running it has left."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Strip the notebooks that are named; say with the exit status if any changed."""
    changed = 0
    for name in sys.argv[1:]:
        path = Path(name)
        text = path.read_text(encoding="utf-8")
        if stripped(text) != text:
            path.write_text(stripped(text), encoding="utf-8")
            sys.stderr.write(f"stripped {path}\n")
            changed = 1
    return changed


if __name__ == "__main__":
    raise SystemExit(main())
