"""How servers are reached: the same options, in every command that asks one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import repository, tocsin
from tests.listening import Handler, listening

__all__ = ["repository"]
P, A = "--prometheus", "--alertmanager"


@pytest.fixture
def asked() -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """The address of a server that refuses everything, and who asked of it."""
    seen: set[tuple[str, str]] = set()

    class Refusing(Handler):
        def do_GET(self) -> None:
            self.body()
            seen.add((self.headers["Authorization"], self.headers["X-Scope-OrgID"]))
            self.answer(503)

        do_POST = do_GET

    with listening(Refusing) as port:
        yield f"http://127.0.0.1:{port}", seen


@pytest.mark.parametrize(
    ("command", "servers"),
    [
        (("init", "zed"), ("--from-prometheus",)),
        (("diff", "--live"), (P, A)),
        (("watch", "--once", "--verify=off"), (P,)),
        (("watch", "--once", "--verify=off"), (A,)),
        (("deploy", "--to", "etc"), (P,)),
        (("deploy", "--to", "etc"), (A,)),
        (("drift",), (P,)),
        (("drift",), (A,)),
        (("report", "acme"), (P,)),
        (("preview", "acme"), (P,)),
    ],
    ids=lambda part: " ".join(part),
)
def test_every_command_shows_its_token_and_organisation(
    repository: Path,
    asked: tuple[str, set[tuple[str, str]]],
    command: tuple[str, ...],
    servers: tuple[str, ...],
) -> None:
    url, seen = asked
    if command[0] in ("deploy", "drift"):
        assert tocsin("build", "--verify=off", cwd=repository).returncode == 0
    (repository / "token").write_text("secret-word\n")
    where = [part for option in servers for part in (option, url)]
    answer = tocsin(*command, *where, "--token-file=token", "--org=7", cwd=repository)
    assert seen == {("Bearer secret-word", "7")}, answer.stderr
    assert answer.returncode == 3, answer.stderr
    assert "503" in answer.stdout + answer.stderr
    assert "secret-word" not in answer.stdout + answer.stderr
    for option in ("--token-file", "--ca-file"):
        gone = tocsin(*command, *where, f"{option}=gone", cwd=repository)
        assert (gone.returncode, "'gone' does not exist" in gone.stderr) == (2, True)


def test_init_takes_no_access_without_a_server(repository: Path) -> None:
    for option in ("--job=web", "--org=7"):
        answer = tocsin("init", "zed", option, cwd=repository)
        assert answer.returncode == 2
        assert "go with --from-prometheus" in answer.stderr
