#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Trace events on standard input: slices of a thread lie in each other or apart. Prints the ns of the outer ones."""
import json
import sys

threads = {}
for event in json.load(sys.stdin)["traceEvents"]:
    if event["ph"] == "X":
        threads.setdefault((event["pid"], event["tid"]), []).append(event)

for events in threads.values():
    stack = []  # ends, in ns
    events = sorted(enumerate(events), key=lambda e: (e[1]["ts"], e[0]))  # those that begin together: outer ones first
    for _, event in events:
        start, length = round(event["ts"] * 1000), round(event["dur"] * 1000)
        while stack and stack[-1] <= start:
            stack.pop()
        if stack and start + length > stack[-1]:
            sys.exit(f"{event['name']} at {event['ts']}: ends after the slice that it lies in")
        if not stack:
            print(length)
        stack.append(start + length)
