#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Heap snapshots of known content: small ones as seeds of tests/corpus/heap_snapshot, large ones for benchmarks.

usage: make_heap.py SESSIONS [--fields 6|7] >FILE
Each session is an object with three plain objects, an array and three strings of its own, as in the applications whose
snapshots docs/benchmarks.md tells of: 8 nodes and 21 edges. A Map holds them, variable "sessions" of a function's scope holds
the Map. A session has the same ids in each file: files with more and more of them are a series of one process.
"""

import argparse
import json
import sys

TYPES = ("hidden array string object code closure regexp number native synthetic".split()
         + ["concatenated string", "sliced string", "symbol", "bigint", "object shape"])
EDGES = "context element property internal hidden shortcut weak".split()
SYNTHETIC, OBJECT, ARRAY, STRING, CLOSURE, CODE = (TYPES.index(t) for t in
                                                   "synthetic object array string closure code".split())
CONTEXT, ELEMENT, PROPERTY, INTERNAL, SHORTCUT = (EDGES.index(e) for e in
                                                  "context element property internal shortcut".split())
WORDS = ["", "global", "(GC roots)", "later", "system / Context", "Map", "/srv/store.js", "UserSession", "Object", "Array",
         "context", "shared", "script", "sessions", "table", "user", "cart", "seen", "list", "name", "mail", "text",
         "owner", "next", "map"]
AT = {word: i for i, word in enumerate(WORDS)}
NODES_OF_SESSION, FIXED = 8, 9


def fixed(count):
    """The nodes above the sessions: (type, name, id, size), edges."""
    yield (SYNTHETIC, "", 1, 0), [(SHORTCUT, 1, 1), (ELEMENT, 1, 2)]
    yield (OBJECT, "global", 3, 100), []
    yield (SYNTHETIC, "(GC roots)", 5, 0), [(ELEMENT, 0, 3)]
    yield (CLOSURE, "later", 7, 64), [(INTERNAL, AT["context"], 4), (INTERNAL, AT["shared"], 7)]
    yield (OBJECT, "system / Context", 9, 48), [(CONTEXT, AT["sessions"], 5)]
    yield (OBJECT, "Map", 11, 32), [(INTERNAL, AT["table"], 6)]
    yield (ARRAY, "", 13, 16 * count), [(INTERNAL, 0, FIXED + NODES_OF_SESSION * i) for i in range(count)]
    yield (CODE, "later", 15, 56), [(INTERNAL, AT["script"], 8)]
    yield (CODE, "/srv/store.js", 17, 80), []


def session(index, last):
    """Eight nodes with 21 edges, of which one leads to the session before it; the first has none."""
    at, first_id = FIXED + NODES_OF_SESSION * index, 101 + 2 * NODES_OF_SESSION * index
    user, cart, seen, items, name, mail, text = range(at + 1, at + NODES_OF_SESSION)
    prop = lambda word, to: (PROPERTY, AT[word], to)  # noqa: E731
    edges = [[prop("user", user), prop("cart", cart), prop("seen", seen), prop("list", items), prop("name", name)]
             + ([prop("next", at - NODES_OF_SESSION)] if index else []),
             [prop("name", name), prop("mail", mail), prop("text", text), prop("owner", at)],
             [prop("list", items), prop("text", text), prop("owner", user), prop("next", at)],
             [prop("name", name), prop("mail", mail), prop("owner", cart)],
             [(ELEMENT, 0, user), (ELEMENT, 1, cart), (ELEMENT, 2, seen), (ELEMENT, 3, last)], [], [], []]
    kinds = [(OBJECT, AT["UserSession"], 56), (OBJECT, AT["Object"], 48), (OBJECT, AT["Object"], 40),
             (OBJECT, AT["Object"], 32), (OBJECT, AT["Array"], 48)]
    kinds += [(STRING, len(WORDS) + 3 * index + i, 24) for i in range(3)]
    for i, ((kind, word, size), out) in enumerate(zip(kinds, edges)):
        yield (kind, word, first_id + 2 * i, size), out


def everything(count):
    for (kind, name, number, size), edges in fixed(count):
        yield (kind, AT[name], number, size), edges
    for index in range(count):
        yield from session(index, FIXED + NODES_OF_SESSION * (count - 1))


def meta(fields):
    more = ["trace_node_id"] if fields == 7 else []
    return {
        "node_fields": ["type", "name", "id", "self_size", "edge_count"] + more + ["detachedness"],
        "node_types": [TYPES, "string"] + ["number"] * (fields - 2),
        "edge_fields": ["type", "name_or_index", "to_node"],
        "edge_types": [EDGES, "string_or_number", "node"],
        "location_fields": ["object_index", "script_id", "line", "column"],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sessions", type=int)
    parser.add_argument("--fields", type=int, choices=(6, 7), default=6)
    options = parser.parse_args()
    count, fields = options.sessions, options.fields
    nodes = sum(1 for _ in fixed(count)) + NODES_OF_SESSION * count
    edges = sum(len(e) for _, e in fixed(count)) + 21 * count - (1 if count else 0)
    out = sys.stdout.write
    out('{"snapshot":' + json.dumps({"meta": meta(fields), "node_count": nodes, "edge_count": edges,
                                     "trace_function_count": 0}, separators=(",", ":")) + ',\n"nodes":[')
    tail = ",0,0" if fields == 7 else ",0"
    for i, ((kind, name, number, size), to) in enumerate(everything(count)):
        out(f"{',' if i else ''}{kind},{name},{number},{size},{len(to)}{tail}\n")
    out('],\n"edges":[')
    is_first = True
    for _, to in everything(count):
        for kind, name, node in to:
            out(f"{'' if is_first else ','}{kind},{name},{node * fields}\n")
            is_first = False
    out(f'],\n"trace_function_infos":[],"trace_tree":[],"samples":[],"locations":[{3 * fields},7,11,4],\n"strings":[')
    out(",\n".join(map(json.dumps, WORDS)))
    for index in range(count):
        out(f',\n"name of {index}",\n"user{index}@example.org",\n"what user {index} has said in all this time"')
    out("]}\n")


if __name__ == "__main__":
    main()
