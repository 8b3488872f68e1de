"""Random PromQL for property tests: well-typed expressions with odd spacing, quoting and names."""

from __future__ import annotations

from hypothesis import strategies as st

NOTES = (" # note }\n", " # { or }\n")
SPACE = st.sampled_from(["", "", " ", "  ", "\n", "\t", NOTES[0], "\r\n"])
GAP = st.sampled_from([" ", "\n", "\t ", NOTES[1]])
METRICS = st.sampled_from(
    ["up", "http_requests_total", "a:b:rate5m", "sum", "by", "offset", "and", "start", "tenant",
     "_x", "ALERTS", "Bool_", "group", "inf_", "x_bucket"]
)  # fmt: skip
LABELS = st.sampled_from(
    ["job", "le", "by", "on", "sum", "tenant_", "Tenant", "code", "_a", "bool"]
)
GROUPING = st.sampled_from(["job", "le", "by", "on", "tenant", "code", "instance", "group_left"])
DURATIONS = st.sampled_from(["5m", "1h30m", "1d", "90s", "500ms", "1w2d", "1y"])
NUMBERS = st.sampled_from(["0", "1", "2.5", ".5", "1e3", "0x1F", "Inf", "NaN", "1E-2", "017"])
VALUES = st.text(
    st.sampled_from(list("ab{}\"'`#,=~!()[]\\ \té日\u2028")) | st.characters(codec="utf-8"),
    max_size=8,
)


OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless",
     "AND"]
)  # fmt: skip


@st.composite
def strings(draw: st.DrawFn, values: st.SearchStrategy[str] = VALUES) -> str:
    """A string literal in one of the three quotings."""
    value = draw(values).replace("\ufffd", "?")
    quote = draw(st.sampled_from("\"'`"))
    if quote == "`" and "`" not in value:
        return f"`{value}`"
    quote = '"' if quote == "`" else quote
    escaped = value.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n")
    return f"{quote}{escaped}{quote}"


REGEXES = st.sampled_from([".*", "a|b", "5..", ".+", "[^}]+", "(a|b)?c", r"\\d+", "", "a{2}"])


@st.composite
def matchers(draw: st.DrawFn) -> str:
    space = draw(SPACE)
    op = draw(st.sampled_from(["=", "!=", "=~", "!~"]))
    value = draw(strings()) if op in ("=", "!=") else f'"{draw(REGEXES)}"'
    return f"{draw(LABELS)}{space}{op}{draw(SPACE)}{value}"


@st.composite
def plain_selectors(draw: st.DrawFn) -> str:
    found = draw(st.lists(matchers(), max_size=3))
    metric = draw(METRICS)
    if not found:
        return metric + draw(st.sampled_from(["", "", "{}", "{ }"]))
    comma = draw(SPACE) + "," + draw(SPACE)
    tail = draw(st.sampled_from(["", "", ",", " , "]))
    inside = comma.join(found)
    if draw(st.booleans()) and draw(st.booleans()):
        return f'{{{draw(SPACE)}__name__=~".+",{inside}{tail}}}'
    return f"{metric}{draw(SPACE)}{{{draw(SPACE)}{inside}{tail}}}"


@st.composite
def modifiers(draw: st.DrawFn) -> str:
    offset = draw(st.sampled_from(["", "", f" offset {draw(DURATIONS)}", " OFFSET -5m"]))
    at = draw(st.sampled_from(["", "", "", " @ 1609746000", " @ start()", " @end( )"]))
    return offset + at if draw(st.booleans()) else at + offset


@st.composite
def instants(draw: st.DrawFn) -> str:
    return draw(plain_selectors()) + draw(modifiers())


@st.composite
def ranges(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    if draw(st.booleans()):
        return f"{draw(plain_selectors())}{draw(SPACE)}[{draw(DURATIONS)}]{draw(modifiers())}"
    step = draw(st.sampled_from(["", "1m", " 30s "]))
    return f"({draw(inner)})[{draw(DURATIONS)}:{step}]{draw(modifiers())}"


@st.composite
def calls(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    over = draw(ranges(inner))
    vector = draw(inner)
    scalar = draw(NUMBERS | inner.map(lambda text: f"scalar({text}\n)"))
    return draw(
        st.sampled_from(
            [
                f"rate({over})",
                f"predict_linear({over}, {scalar}\n)",
                f"quantile_over_time({scalar}\n, {over})",
                f"absent_over_time( {over} )",
                f"abs({vector}\n)",
                f"clamp({vector}\n, 0, {scalar}\n)",
                f"histogram_quantile(0.9,{vector}\n)",
                f"absent({vector}\n)",
                f"vector({scalar}\n)",
                f'label_replace({vector}\n, "dst", {draw(strings())}, "src", ".*")',
                f"hour({vector}\n)",
                f"sort_desc({vector}\n)",
            ]
        )
    )


@st.composite
def aggregates(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    op = draw(st.sampled_from(["sum", "avg", "MAX", "count", "group", "topk", "quantile"]))
    argument = draw(inner) + "\n"
    if op in ("topk", "quantile"):
        parameter = draw(NUMBERS | inner.map(lambda text: f"scalar({text}\n)"))
        argument = f"{parameter}\n, {argument}"
    labels = ", ".join(draw(st.lists(GROUPING, max_size=3)))
    grouping = draw(st.sampled_from(["by", "without", "BY"]))
    where = draw(st.sampled_from(["none", "before", "after"]))
    if where == "before":
        return f"{op} {grouping} ({labels}){draw(SPACE)}({argument})"
    if where == "after":
        return f"{op}({argument}) {grouping}({labels})"
    return f"{op}{draw(SPACE)}({argument})"


@st.composite
def binaries(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    left, right = draw(inner), draw(inner)
    op = draw(OPERATORS)
    labels = draw(st.sampled_from(["", "", " on (job)", " ignoring (le)", " on ()"]))
    boolean = draw(st.sampled_from(["", "", " bool"])) if op[0] in "=!<>" else ""
    group = ""
    if labels and op.lower() not in ("and", "or", "unless"):
        group = draw(st.sampled_from(["", " group_left ()", " group_right (code)"]))
    if not labels and op.lower() not in ("and", "or", "unless") and draw(st.booleans()):
        right = draw(NUMBERS)
    return f"({left}\n){draw(GAP)}{op}{boolean}{labels}{group}{draw(GAP)}({right}\n)"


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        calls(inner),
        aggregates(inner),
        binaries(inner),
        inner.map(lambda text: f"({text}\n)"),
        inner.map(lambda text: f"-{text}"),
    )


def expressions() -> st.SearchStrategy[str]:
    """Expressions that return an instant vector, of every kind of node."""
    return st.recursive(instants(), _deeper, max_leaves=6)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """An expression with a few characters deleted, doubled, swapped or put in."""
    text = draw(expressions())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        piece = draw(
            st.sampled_from(
                ["", "{", "}", "(", ")", "[", "]", '"', "'", "`", "\\", ",", "#", "\n", "=", "or",
                 "$x", "${x}", "[[x]]", "tenant=", 'tenant="b"', "@", "offset", "\x00", "\ud800",
                 "5m", "é", " ", "by", "0x", "1e", "{}", "info("]
            )
        )  # fmt: skip
        text = text[:at] + piece + text[at + draw(st.integers(0, 3)) :]
    return text


def garbage() -> st.SearchStrategy[str]:
    """Any text at all, more often of characters that mean something."""
    letters = st.sampled_from(list("abxy_:0159.eEmsh{}()[]\"'`\\,=!~<>@#$+-*/%^ \n\r\t|&;?"))
    return st.text(letters, max_size=40) | st.text(max_size=40) | mutated()
