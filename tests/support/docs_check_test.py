# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""docs_check.py passes documents that are right, and names the fault of one that was made wrong in one place.
usage: python3 docs_check_test.py"""
import unittest

import docs_check

TEXT = """\
<!-- comment 77 -->
# A chapter

Some `code 5` and 12.5 % of 1,000 ([there](02-other.md#part-3)).

```sh runnable root
echo "see [this](nowhere.md) 99"
```

## Part one: `--prof`, and more

    indented 42
    again

- a list
  with 3 lines

      in the list 8

## Part one: `--prof`, and more

| a | 7 |
"""
HELP = """\
  -f, --format=FORMAT        text, as --list-all has it
      --no-stacks[=HOW]      none
  -q                         quiet
"""
CHAPTER = """\
## Before

| `--old` | is of another section |

## Options

| option | |
|---|---|
| `-f, --format text\\|json` | see `--elsewhere` |
| `--no-stacks`, `--list-all` | both |

## After

| `--later` | |
"""


class Blocks(unittest.TestCase):
    def test_fenced_and_indented(self):
        blocks, prose = docs_check.split(TEXT)
        self.assertEqual([(b.line, b.info) for b in blocks], [(6, "sh runnable root"), (12, None), (18, None)])
        self.assertEqual(blocks[1].text, "    indented 42\n    again")
        self.assertNotIn("echo", "".join(line for _, line in prose))

    def test_an_indented_line_that_continues_a_paragraph_is_prose(self):
        self.assertEqual(docs_check.split("word\n    more\n")[0], [])

    def test_a_block_without_an_end(self):
        with self.assertRaises(docs_check.Misuse):
            docs_check.split("```sh\necho\n")

    def test_runnable(self):
        self.assertEqual([needs for _, needs in docs_check.runnable(TEXT)], [["root"]])
        self.assertEqual([needs for _, needs in docs_check.runnable("```sh runnable node root\n```")], [["node", "root"]])
        self.assertEqual(docs_check.runnable("```sh\nrunnable\n```\n    sh runnable\n"), [])

    def test_a_marker_that_means_nothing_is_not_passed_over(self):
        for info in ("sh runnable rooot", "bash runnable", "runnable sh"):
            with self.assertRaises(docs_check.Misuse):
                docs_check.runnable(f"```{info}\n```")


class Links(unittest.TestCase):
    FILES = {"docs/02-other.md": "# Part 3\n", "docs/zh/x.md": "## 堆快照：比较\n", "docs/a.txt": ""}

    def faults(self, text):
        return docs_check.broken_links("docs/01.md", text, self.FILES.get)

    def test_right_ones(self):
        self.assertEqual(self.faults(TEXT), [])
        self.assertEqual(self.faults("# Own\n[a](#own) [b](a.txt) [c](https://x.org/#y) [d](zh/x.md#堆快照比较)"), [])

    def test_wrong_ones(self):
        self.assertEqual(self.faults("[a](none.md)"), ["docs/01.md:1: none.md leads nowhere"])
        self.assertEqual(self.faults("\n[a](02-other.md#part-4)"), ["docs/01.md:2: 02-other.md#part-4: no such heading"])
        self.assertEqual(len(self.faults("[a](#own)")), 1)
        self.assertEqual(len(self.faults("[a](02-other.md) [b](../docs/02-other.md#x)")), 1)

    def test_code_has_none(self):
        self.assertEqual(self.faults("`[a](none.md)`\n\n    [b](none.md)\n"), [])

    def test_anchors(self):
        self.assertEqual(docs_check.anchors(TEXT), {"a-chapter", "part-one---prof-and-more", "part-one---prof-and-more-1"})
        self.assertEqual(docs_check.anchors('# [A b](c.md)\n<a id="own-one"></a>\n'), {"a-b", "own-one"})


class Options(unittest.TestCase):
    def test_right(self):
        self.assertEqual(docs_check.option_faults(CHAPTER, "Options", HELP), [])

    def test_one_missing(self):
        faults = docs_check.option_faults(CHAPTER.replace(", `--list-all`", ""), "Options", HELP)
        self.assertEqual(faults, ["no row in 'Options' for --list-all"])

    def test_part_of_a_longer_name_is_not_enough(self):
        self.assertEqual(len(docs_check.option_faults(CHAPTER.replace("--format", "--formats"), "Options", HELP)), 2)

    def test_one_that_does_not_exist(self):
        faults = docs_check.option_faults(CHAPTER.replace("| both |", "|\n| `--never` | |"), "Options", HELP)
        self.assertEqual(faults, ["'Options' has --never, the help has not"])

    def test_another_section_is_no_help(self):
        self.assertEqual(len(docs_check.option_faults(CHAPTER, "Before", HELP)), 4)


class Twins(unittest.TestCase):
    OTHER = TEXT.replace("Some", "一些").replace("Part one", "第一部分").replace("with 3 lines", "共 3 行")

    def faults(self, old, new):
        self.assertIn(old, self.OTHER)
        return docs_check.twin_faults(TEXT, self.OTHER.replace(old, new, 1))

    def test_right(self):
        self.assertEqual(docs_check.twin_faults(TEXT, self.OTHER), [])
        self.assertEqual(docs_check.figures(TEXT), {"5": 1, "12.5": 1, "1,000": 1, "3": 1, "7": 1})

    def test_one_letter_of_a_command(self):
        self.assertEqual(self.faults("    again", "    agaim"), ["the block at line 12 of the English text is another one"])
        self.assertEqual(self.faults("runnable root", "runnable"), ["the block at line 6 of the English text is another one"])

    def test_a_block_that_is_missing(self):
        self.assertIn("3 blocks of code in English, 2 in the other", self.faults("      in the list 8\n", ""))

    def test_one_digit(self):
        self.assertEqual(self.faults("12.5", "12.6"), ["figure 12.5: 1 times in English, 0 in the other",
                                                       "figure 12.6: 0 times in English, 1 in the other"])

    def test_a_figure_more(self):
        self.assertEqual(self.faults("| 7 |", "| 7 7 |"), ["figure 7: 1 times in English, 2 in the other"])

    def test_levels_of_headings(self):
        self.assertEqual(len(self.faults("## 第", "### 第")), 1)


if __name__ == "__main__":
    unittest.main()
