"""A judge that is not here fails in CI, and is said aloud and skipped elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import judges


@pytest.mark.parametrize("judge", [judges.lezer, judges.language_server, judges.published])
def test_a_missing_judge(judge: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(judge)
    monkeypatch.setattr(judges, "_IN_CI", True)
    with pytest.raises(pytest.fail.Exception, match="make tools"):
        judge(tmp_path)
    monkeypatch.setattr(judges, "_IN_CI", False)
    with pytest.raises(pytest.skip.Exception, match="make tools"):
        judge(tmp_path)


def test_without_npm_and_apt_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert judges.install(tmp_path) is False
    told = capsys.readouterr().out
    assert "no npm here" in told
    assert "no apt here" in told
