# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the documents claim that a program can check: links, options, runnable commands, translations.

usage: docs_check.py links FILE...             every relative link and anchor leads somewhere
       docs_check.py chapter TOOL [--folder F] the table of options of TOOL's chapter has the long options of the help
                                               on standard input, and no other
       docs_check.py tools [--folder F]        prints the chapters of tools
       docs_check.py blocks FOLDER FILE...     writes the runnable blocks into FOLDER; prints KINDS and file of each
       docs_check.py twin ENGLISH OTHER        the same blocks of code, figures and levels of headings
exit: 0 so it is, 1 not so (each fault is a line), 2 misuse

A runnable block is fenced, with the info string "sh runnable" and, behind it, what it needs: "root", "node"."""
import argparse
import collections
import os
import re
import sys
import unicodedata

# tool: its chapter, and the section in which its table of options stands
CHAPTERS = {
    "memleak-trace": ("02-memory-leak-detection.md", "Options"),
    "cpu-sample": ("03-cpu-profiling.md", "Options"),
    "flame-render": ("03-cpu-profiling.md", "flame-render"),
    "loop-stall": ("05-optimization-techniques.md", "Options"),
    "heap-diff": ("02-memory-leak-detection.md", "heap-diff"),
    "gc-trace": ("01-v8-memory-management.md", "Options"),
    "mem-watch": ("02-memory-leak-detection.md", "mem-watch"),
    "load-test": ("04-load-testing.md", "Options"),
    "vitals-exporter": ("07-stability-and-monitoring.md", "Options"),
}
NEEDS = {"root", "node"}

Block = collections.namedtuple("Block", "line info text")


class Misuse(Exception):
    """A marker that means nothing, a tool without a chapter: the check itself is wrong."""


def split(text):
    """The blocks of code of a document, and its other lines as (number, line)."""
    blocks, prose, fence, blank = [], [], None, True
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if fence is not None:
            if bare == "```":
                blocks.append(Block(fence[0], fence[1], "\n".join(fence[2])))
                fence = None
            else:
                fence[2].append(line)
        elif bare.startswith("```"):
            fence = (number, bare[3:].strip(), [])
        elif line.startswith("    ") and bare and (blank or is_indented(blocks, number)):
            extend_indented(blocks, number, line.rstrip())
        else:
            prose.append((number, line))
        blank = not bare
    if fence is not None:
        raise Misuse(f"line {fence[0]}: a block that does not end")
    return blocks, prose


def is_indented(blocks, number):
    """Whether the line before is the last one of an indented block."""
    return bool(blocks) and blocks[-1].info is None and blocks[-1].line + blocks[-1].text.count("\n") + 1 == number


def extend_indented(blocks, number, line):
    if is_indented(blocks, number):
        last = blocks.pop()
        blocks.append(Block(last.line, None, last.text + "\n" + line))
    else:
        blocks.append(Block(number, None, line))


def headings(text):
    """(level, words) of each."""
    found = [re.match(r"(#+) +(.*?) *$", line) for _, line in split(text)[1]]
    return [(len(match[1]), match[2]) for match in found if match]


def slug(heading):
    """What a heading is called in links, as GitHub makes it; of letters and digits in any script."""
    kept = [letter for letter in heading.lower()
            if letter in " _-" or unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) in ("Mn", "Mc")]
    return "".join(kept).replace(" ", "-")


def anchors(text):
    """Of headings, numbered where one occurs again, and those that are written out."""
    found, seen = set(), collections.Counter()
    for _, words in headings(text):
        name = slug(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", words))
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    for _, line in split(text)[1]:
        found.update(re.findall(r'<a (?:id|name)="([^"]+)">', line))
    return found


def links(text):
    """(line, target) of each, less those in code."""
    found = []
    for number, line in split(text)[1]:
        bare = re.sub(r"`[^`]*`", "", line)
        found += [(number, target) for target in re.findall(r"\]\(([^) ]+)\)", bare)]
    return found


def broken_links(path, text, read):
    """read(path): the text of a document there, "" of anything else that is there, None of nothing."""
    faults = []
    for number, target in links(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = read(os.path.normpath(os.path.join(os.path.dirname(path), file))) if file else text
        if there is None:
            faults.append(f"{path}:{number}: {target} leads nowhere")
        elif anchor and anchor not in anchors(there):
            faults.append(f"{path}:{number}: {target}: no such heading")
    return faults


def long_options(help_text):
    return set(re.findall(r"(?:^|[ ,])(--[a-z][a-z-]+)", help_text, re.MULTILINE))


def section(text, heading):
    """The lines below a heading of the second level."""
    taken, inside = [], False
    for _, line in split(text)[1]:
        if line.startswith("## "):
            inside = line[3:].strip() == heading
        elif inside:
            taken.append(line)
    return taken


def option_faults(chapter, heading, help_text):
    """The rows of the section's tables that begin with an option in code are the tool's options."""
    rows = [line for line in section(chapter, heading) if re.match(r"\| `-", line)]
    cells = " ".join(re.split(r"(?<!\\)\|", row)[1] for row in rows)
    told = set(re.findall(r"--[a-z][a-z-]+", cells))
    known = long_options(help_text)
    faults = [f"no row in '{heading}' for {option}" for option in sorted(known - told)]
    return faults + [f"'{heading}' has {option}, the help has not" for option in sorted(told - known)]


def runnable(text):
    """(block, needs) of each that is marked."""
    found = []
    for block in split(text)[0]:
        words = (block.info or "").split()
        if words[:2] != ["sh", "runnable"]:
            if "runnable" in words:
                raise Misuse(f"line {block.line}: '{block.info}' is no 'sh runnable'")
            continue
        unknown = set(words[2:]) - NEEDS
        if unknown:
            raise Misuse(f"line {block.line}: needs '{' '.join(sorted(unknown))}', which means nothing")
        found.append((block, sorted(words[2:])))
    return found


def figures(text):
    """How often each number stands in prose and tables: not in code blocks, targets of links, or tags."""
    counts = collections.Counter()
    for _, line in split(text)[1]:
        line = re.sub(r"\]\([^)]*\)|<[a-z/!][^>]*>", "]", line)
        counts.update(re.findall(r"[0-9]+(?:[.,][0-9]+)*", line))
    return counts


def twin_faults(english, other):
    faults = []
    ours, theirs = ([(block.info, block.text) for block in split(text)[0]] for text in (english, other))
    lines = [block.line for block in split(english)[0]]
    for line, one, two in zip(lines, ours, theirs):
        if one != two:
            faults.append(f"the block at line {line} of the English text is another one")
            break
    if len(ours) != len(theirs):
        faults.append(f"{len(ours)} blocks of code in English, {len(theirs)} in the other")
    ours, theirs = figures(english), figures(other)
    faults += [f"figure {number}: {ours[number]} times in English, {theirs[number]} in the other"
               for number in sorted(ours | theirs) if ours[number] != theirs[number]]
    if [level for level, _ in headings(english)] != [level for level, _ in headings(other)]:
        faults.append("the headings have other levels, or there are more or fewer")
    return faults


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_target(path):
    if not os.path.exists(path):
        return None
    return read_text(path) if path.endswith(".md") else ""


def check_links(args):
    return [fault for path in args.files for fault in broken_links(os.path.normpath(path), read_text(path), read_target)]


def check_chapter(args):
    if args.tool not in CHAPTERS:
        return [f"{args.tool} has no chapter: {os.path.basename(__file__)} knows of none"]
    name, heading = CHAPTERS[args.tool]
    path = os.path.join(args.folder, name)
    return [f"{path}: {fault}" for fault in option_faults(read_text(path), heading, sys.stdin.read())]


def print_chapters(args):
    for name in sorted({name for name, _ in CHAPTERS.values()}):
        print(os.path.join(args.folder, name))
    return []


def write_blocks(args):
    for path in args.files:
        for block, needs in runnable(read_text(path)):
            name = os.path.normpath(path).replace("/", "_").replace(".", "_") + f"-{block.line}.sh"
            out = os.path.join(args.folder, name)
            with open(out, "w", encoding="utf-8") as file:
                file.write(block.text + "\n")
            print("+".join(needs) or "nothing", out)
    return []


def check_twin(args):
    return [f"{args.other}: {fault}" for fault in twin_faults(read_text(args.english), read_text(args.other))]


def parse_arguments():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("links")
    command.add_argument("files", nargs="+")
    command.set_defaults(check=check_links)
    command = commands.add_parser("chapter")
    command.add_argument("tool")
    command.add_argument("--folder", default="docs")
    command.set_defaults(check=check_chapter)
    command = commands.add_parser("tools")
    command.add_argument("--folder", default="docs")
    command.set_defaults(check=print_chapters)
    command = commands.add_parser("blocks")
    command.add_argument("folder")
    command.add_argument("files", nargs="+")
    command.set_defaults(check=write_blocks)
    command = commands.add_parser("twin")
    command.add_argument("english")
    command.add_argument("other")
    command.set_defaults(check=check_twin)
    return parser.parse_args()


def main():
    args = parse_arguments()
    try:
        faults = args.check(args)
    except (Misuse, OSError) as error:
        print(f"docs_check.py: {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
