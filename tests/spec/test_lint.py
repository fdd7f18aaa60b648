from __future__ import annotations

import pytest

from uplift.errors import SpecError
from uplift.spec.compose import compose


def lints(text: str) -> list[tuple[str, str, int, int]]:
    try:
        compose(text, "spec.yaml")
    except SpecError as error:
        return [(p.code, p.path, p.line, p.column) for p in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("arms: [{id：control}]\n", ("full_width", "arms[0].id：control", 1, 11)),
        ("arms: [1，2]\n", ("full_width", "arms[0]", 1, 9)),
        ("id: “fresh”\n", ("full_width", "id", 1, 5)),
        ("where: {状态: 已发货，已完成}\n", ("full_width", "where.状态", 1, 16)),
        ("a: \N{FULLWIDTH LEFT CURLY BRACKET}b\n", ("full_width", "a", 1, 4)),
    ],
)
def test_full_width_punctuation_in_structure(text: str, place: tuple[str, str, int, int]) -> None:
    assert lints(text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "title: {zh: 生鲜：发券，给谁, en: “x”}\n",
        "question: 发给谁？中频，还是高频：\n",
        "arms: [{name: 满59，减8}]\n",
        "names: [低，频, 高]\n",
        "where: {'状态：新': '已发货，已完成'}\n",
        "a: 1  # 注释：不管，\n",
        "revenue: 毛利（元）\n",
    ],
)
def test_texts_quotes_and_comments_are_left_alone(text: str) -> None:
    assert lints(text) == []


def test_message_says_what_to_write() -> None:
    with pytest.raises(SpecError, match=r"full-width '：' in 'id：a'; write ': ', or put the whole text in quotes"):
        compose("{id：a}\n")


def test_colon_of_a_block_key_is_found_though_the_parser_stops_later() -> None:
    assert lints("experiment：\n  id: a\n") == [("full_width", "", 1, 11), ("bad_yaml", "", 2, 5)]
    broken = "experiment:\n  id：abc\n  currency: CNY\n"
    assert lints(broken) == [("full_width", "", 2, 5), ("bad_yaml", "", 3, 11)]


def test_broken_file_does_not_blame_quotes_and_comments() -> None:
    assert lints("a: '：' # ：\nb: [\n") == [("bad_yaml", "", 3, 1)]
    assert [code for code, *_ in lints('a: "x：" \n b: 1\n')] == ["bad_yaml"]
    assert [code for code, *_ in lints("b: [ # ：\n")] == ["bad_yaml"]


def test_tabs_that_indent_are_all_named() -> None:
    assert lints("a:\n\tb: 1\n\tc: 2\n") == [("tab", "", 2, 1), ("tab", "", 3, 1)]


def test_tab_where_the_parser_gives_up() -> None:
    assert lints("a:\t1\n") == [("tab", "", 1, 3)]
    assert lints("a: 1\n\t\n") == [("tab", "", 2, 1)]


def test_tab_between_tokens() -> None:
    assert lints("a: [1,\t2]\n") == [("tab", "", 1, 7)]


def test_tabs_in_texts_comments_and_blank_lines_are_left_alone() -> None:
    assert lints("a: |\n  x\ty\nb: 'p\tq'\nc: 1 #\tnote\n# x\n") == []
