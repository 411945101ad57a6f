"""The Python of docs/tuning.md does what the page says. Its commands are run by tests/test_docs.py."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_python_on_the_page_runs(tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8"), re.DOTALL)
    for name in ("docs", "programs"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] in ("True", "False")


def test_every_optimizer_is_on_the_page() -> None:
    from moaql.tuning.optimizers import OPTIMIZERS

    page = (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8")
    for name in OPTIMIZERS.names():
        found = OPTIMIZERS.find(name)
        assert found is not None
        assert f"| `{name}` |" in page
        assert found.summary
