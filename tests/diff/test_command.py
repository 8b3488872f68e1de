"""`tocsin diff` as a shell sees it: what it compares with, its forms and exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from generator.ir.change import AlertChange, Changes, Effect, Facet, Sort, TenantChange
from generator.render.changes.data import changes_json
from generator.render.changes.markdown import LIMIT, MARK, changes_markdown
from generator.values import Duration
from tests.cli.test_commands import tocsin, tree
from tests.conftest import ROOT
from tests.diff.repository import TENANT, built, diff, lay_out

OTHER = TENANT.replace("above: 0.03", "above: 0.05")
SAID = "ErrorsHigh (api, critical) loosened: fires above 3 % -> 5 %"


def git(root: Path, *arguments: str) -> str:
    """Run git as somebody with no configuration."""
    who = ("-c", "user.name=ci", "-c", "user.email=ci@example.com", "-c", "commit.gpgsign=false")
    answer = subprocess.run(
        ["git", "-C", str(root), *who, *arguments], capture_output=True, text=True, check=True
    )
    return answer.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository on `main` with specs and without output, and a branch that changes a spec."""
    lay_out(tmp_path, {"acme": TENANT})
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "specs")
    git(tmp_path, "checkout", "-qb", "change")
    lay_out(tmp_path, {"acme": OTHER})
    return tmp_path


def test_output_on_disk_is_what_it_compares_with(repository: Path) -> None:
    lay_out(repository, {"acme": TENANT})
    built(repository)
    silent = diff("--exit-code", cwd=repository)
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")
    lay_out(repository, {"acme": OTHER})
    before = tree(repository)
    told = tocsin("diff", "acme", cwd=repository / "specs")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("output/ -> specs/\n") and SAID in told.stdout
    assert tree(repository) == before, "nothing is written"
    assert diff("--exit-code", cwd=repository).returncode == 1
    elsewhere = diff("--output", str(repository / "nothing"), cwd=repository)
    assert "+ acme: a new tenant, with 9 alerts and 1 SLO" in elsewhere.stdout


def test_a_revision_is_compared_by_its_specs_or_its_output(repository: Path) -> None:
    before = tree(repository / "specs"), git(repository, "status", "--porcelain")
    specs = diff("--against", "main", cwd=repository)
    assert specs.returncode == 0, specs.stderr
    assert specs.stdout.startswith("the specs of main (") and SAID in specs.stdout
    assert (tree(repository / "specs"), git(repository, "status", "--porcelain")) == before

    lay_out(repository, {"acme": OTHER.replace("for: 5m", "for: 7m")})
    built(repository)
    lay_out(repository, {"acme": OTHER})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "output of other specs")
    of_output = diff("--against", "HEAD", cwd=repository)
    assert of_output.stdout.startswith("output/ of HEAD (") and "for 7m -> 5m" in of_output.stdout
    of_specs = diff("--against", "HEAD", "--specs", "--exit-code", cwd=repository)
    assert (of_specs.returncode, of_specs.stdout) == (0, "")


def test_a_revision_with_a_broken_spec(repository: Path) -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "change")
    bad = TENANT.replace("acme", "globex").replace("version: 1", "version: 2")
    lay_out(repository, {"acme": TENANT, "globex": bad})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "bad")
    lay_out(repository, {"acme": OTHER, "globex": TENANT.replace("acme", "globex")})
    answer = diff("--against", "HEAD", cwd=repository)
    assert answer.returncode == 0 and SAID in answer.stdout
    assert "globex" not in answer.stdout
    assert "not compared: globex (its spec in the specs of HEAD (" in answer.stderr


def test_three_dots_are_where_the_branch_began(repository: Path) -> None:
    git(repository, "stash", "-q")
    git(repository, "checkout", "-q", "main")
    lay_out(repository, {"acme": TENANT.replace("for: 10m", "for: 20m")})
    git(repository, "commit", "-qam", "meanwhile")
    git(repository, "checkout", "-q", "change")
    git(repository, "stash", "pop", "-q")
    tip = diff("--against", "main", cwd=repository).stdout
    base = diff("--against", "main...", cwd=repository).stdout
    assert "for 20m -> 10m" in tip and "20m" not in base
    assert SAID in tip and SAID in base


def test_a_repository_inside_another_folder(repository: Path) -> None:
    inner = repository / "monitoring"
    inner.mkdir()
    git(repository, "checkout", "-q", "--", "specs")
    git(repository, "mv", "specs", "monitoring/specs")
    git(repository, "commit", "-qm", "moved")
    lay_out(inner, {"acme": OTHER})
    told = diff("--against", "HEAD", cwd=inner)
    assert told.returncode == 0 and SAID in told.stdout, told.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--against", "nowhere"), 2, "git knows no revision 'nowhere' here; in CI, fetch it"),
        (("--against", "--output=x"), 2, "git knows no revision '--output=x' here"),
        (("--against", "main", "--output", "."), 2, "one of --output, --against and --live"),
        (("--live",), 2, "--live and --prometheus URL belong together"),
        (("--org", "7"), 2, "--org belong to --live"),
        (("--specs",), 2, "--specs belongs to --against"),
        (("--live", "--prometheus", "nowhere"), 2, "'nowhere' is no address"),
        (("acne",), 2, "there is no tenant 'acne'; did you mean 'acme'?"),
    ],
)
def test_wrong_use(repository: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    answer = diff(*arguments, cwd=repository)
    assert (answer.returncode, answer.stdout) == (code, ""), answer.stdout + answer.stderr
    assert said in answer.stderr


def test_a_server_that_does_not_answer(repository: Path) -> None:
    asked = ("diff", "--live", "--prometheus", "http://127.0.0.1:1")
    answer = tocsin(*asked, cwd=repository)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "http://127.0.0.1:1/api/v1/rules does not answer" in answer.stderr


def test_outside_git(tmp_path: Path) -> None:
    lay_out(tmp_path, {"acme": TENANT})
    answer = diff("--against", "main", cwd=tmp_path)
    assert answer.returncode == 2 and "not a git repository" in answer.stderr


def test_errors_are_findings_and_the_rest_is_compared(repository: Path) -> None:
    lay_out(repository, {"acme": TENANT, "globex": TENANT.replace("acme", "globex")})
    built(repository)
    bad = OTHER.replace("max(queue_bytes)", "max(queue_bytes")
    lay_out(repository, {"acme": bad, "globex": OTHER.replace("acme", "globex")})
    answer = diff(cwd=repository)
    assert answer.returncode == 1
    assert "specs/tenants/acme.yaml:26:38: error" in answer.stderr
    assert "not compared: acme (it has errors), what all tenants share" in answer.stderr
    assert "globex: " in answer.stdout and SAID in answer.stdout
    assert "\nacme: " not in answer.stdout


def test_output_that_is_none_of_ours_is_said(repository: Path) -> None:
    lay_out(repository, {"acme": TENANT})
    rules = built(repository) / "acme/prometheus/rules/api.yml"
    for text in ("groups: [{}]\n", "- 1\n", "groups: {\n"):
        rules.write_text(text)
        answer = diff(cwd=repository)
        assert answer.returncode == 3
        assert "output/acme/prometheus/rules/api.yml is not as it was generated" in answer.stderr


def test_json_and_markdown(repository: Path) -> None:
    found = json.loads(diff("--against=main", "--format=json", cwd=repository).stdout)
    assert (found["format"], found["changed"]) == (1, True)
    (tenant,) = found["tenants"]
    (alert,) = tenant["alerts"]
    assert (alert["alert"], alert["effect"], alert["sort"]) == ("ErrorsHigh", "loosened", "changed")
    facet = alert["facets"][0]
    assert (facet["before"], facet["after"], facet["unit"]) == ("0.03", "0.05", "percentunit")
    page = diff("--against=main", "--format=markdown", cwd=repository).stdout
    assert page.startswith(f"{MARK}\n### Monitoring: what changes against the specs of main")
    assert "loosened: fires above 3 % → 5 %" in page
    assert page.count("<details>") == page.count("</details>") == 1
    lay_out(repository, {"acme": TENANT})
    assert diff("--against=main", "--format=markdown", cwd=repository).stdout == ""
    same = json.loads(diff("--against=main", "--format=json", cwd=repository).stdout)
    assert (same["changed"], same["tenants"]) == (False, [])


def alert(number: int) -> AlertChange:
    facet = Facet("threshold", "1.0", "2.0", Effect.LOOSENED, op=">", later_op=">")
    changed = (facet, Facet("annotation", "a", f"b{number}", about=f"@here <b> #{number}"))
    expr = f"metric_{number} > 2"
    return AlertChange(
        Sort.CHANGED, f"Alert{number}", "", "api", "critical", expr, Duration(0), expr, changed
    )


def test_a_comment_is_cut_honestly() -> None:
    tenants = [
        TenantChange(f"tenant-{n}", Sort.CHANGED, alerts=tuple(alert(i) for i in range(200)))
        for n in range(20)
    ]
    page = changes_markdown(Changes("output/", "specs/", tuple(tenants)))
    assert LIMIT - 1000 < len(page) <= LIMIT
    assert page.count("<details>") == page.count("</details>")
    assert "more lines do not fit here;** `tocsin diff` shows them all.\n" in page
    assert all(f"**tenant-{n}**: 200 alerts loosened" in page for n in range(20))
    left = int(page.rpartition("**")[0].rpartition("**")[2].split()[0])
    shown = sum(" Alert" in line for line in page.splitlines())
    assert left + shown == 20 * 200


def test_a_comment_cannot_be_made_to_mention_or_mark_up() -> None:
    change = TenantChange("acme", Sort.CHANGED, alerts=(alert(7),))
    page = changes_markdown(Changes("output/", "specs/", (change,)))
    assert "@here" not in page and "<b>" not in page and "#7" not in page
    assert "&#64;here &lt;b&gt; &#35;7" in page


def test_the_documented_shape_is_what_is_written() -> None:
    page = (ROOT / "docs" / "diff.md").read_text()
    example = json.loads(page.split("```json\n")[1].split("```")[0])
    facet = Facet("threshold", "0.03", "0.05", Effect.LOOSENED, "", "percentunit", ">", ">")
    five = Duration.of(minutes=5)
    one = AlertChange(
        Sort.CHANGED, "ErrorsHigh", "", "api", "critical", "…", five, "…", facets=(facet,)
    )
    change = TenantChange("acme", Sort.CHANGED, alerts=(one,))
    assert json.loads(changes_json(Changes("output/", "specs/", (change,)), ())) == example
