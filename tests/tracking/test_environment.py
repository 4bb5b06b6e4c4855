from __future__ import annotations

from regulars.tracking import scratch_folder


def test_scratch_folder_is_gone_afterwards():
    with scratch_folder() as folder:
        (folder / "a").write_text("x")
    assert not folder.exists()
