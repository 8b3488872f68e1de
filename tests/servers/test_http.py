"""What is said when a server is away, refuses, or is something else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from generator.servers.alertmanager import Alertmanager
from generator.servers.http import Server, ServerFailed
from generator.servers.prometheus import Prometheus, Series
from tests.listening import Handler, listening
from tests.live.stack import free_port

Answers = dict[str, tuple[int, str]]


@contextlib.contextmanager
def answering(answers: Answers, seen: list[dict[str, str]]) -> Iterator[str]:
    class Web(Handler):
        def do_GET(self) -> None:
            self.body()
            seen.append(dict(self.headers))
            status, text = answers[self.path.partition("?")[0]]
            self.answer(status, text.encode())

        do_POST = do_GET

    with listening(Web) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_server_that_is_away_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerFailed, match=f"{url}/-/ready does not answer: .*refused"):
        Prometheus(Server(url)).ready()


@pytest.mark.parametrize("url", ["localhost:9090", "ftp://x", "http://", ""])
def test_what_is_no_address_is_wrong_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        Server(url)


def test_a_refusal_is_told_in_the_servers_words() -> None:
    answers = {
        "/api/v1/query": (400, '{"status":"error","error":"parse error: no"}'),
        "/-/reload": (403, "Lifecycle API is not enabled.\nmore"),
    }
    with answering(answers, []) as url:
        with pytest.raises(ServerFailed, match="refused with 400: parse error: no") as told:
            Prometheus(Server(url)).query("(")
        assert told.value.status == 400
        with pytest.raises(ServerFailed, match=r"with 403: Lifecycle API is not enabled\.$"):
            Prometheus(Server(url)).reload()


def test_another_program_is_not_taken_for_one_of_ours() -> None:
    answers = {
        "/api/v1/rules": (200, "<html>"),
        "/api/v1/status/flags": (200, "[]"),
        "/api/v2/status": (200, "{}"),
        "/api/v2/silences": (200, "{}"),
    }
    with answering(answers, []) as url:
        with pytest.raises(ServerFailed, match="answered no JSON: '<html>'"):
            Prometheus(Server(url)).rule_groups()
        with pytest.raises(ServerFailed, match="is no Prometheus"):
            Prometheus(Server(url)).flags()
        for ask in (Alertmanager(Server(url)).version, Alertmanager(Server(url)).silences):
            with pytest.raises(ServerFailed, match="is no Alertmanager"):
                ask()


def test_answers_become_series() -> None:
    matrix = '{"metric":{"a":"b"},"values":[[1,"2"],[2,"NaN"]]},{"metric":{"c":"d"},"values":[]}'
    answers = {
        "/api/v1/query": (
            200,
            '{"status":"success","data":{"resultType":"scalar","result":[5,"1e3"]}}',
        ),
        "/api/v1/query_range": (
            200,
            f'{{"status":"success","data":{{"resultType":"matrix","result":[{matrix}]}}}}',
        ),
    }
    with answering(answers, []) as url:
        prometheus = Prometheus(Server(url))
        assert prometheus.query("1e3") == (Series({}, ((5.0, 1000.0),)),)
        (one,) = prometheus.query_range("x", 0, 9, timedelta(seconds=1))
        assert one.labels == {"a": "b"}
        assert str(one.points) == "((1.0, 2.0), (2.0, nan))"


def test_credentials_come_from_files_and_a_missing_one_is_said(tmp_path: Path) -> None:
    token, seen = tmp_path / "token", list[dict[str, str]]()
    token.write_text("abc\n")
    with answering({"/-/ready": (200, "ok")}, seen) as url:
        Prometheus(Server(url, token_file=token, organisation="acme")).ready()
        assert seen[0]["Authorization"] == "Bearer abc"
        assert seen[0]["X-Scope-Orgid"] == "acme"
        with pytest.raises(ServerFailed, match="gone cannot be read: No such file"):
            Prometheus(Server(url, token_file=tmp_path / "gone")).ready()
