#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""validate_json.py SCHEMA: is each line of standard input a JSON value that follows it?"""
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)

lines = sys.stdin.read().splitlines()
failed = not lines
for line in lines:
    for error in validator.iter_errors(json.loads(line)):
        print(f"{'/'.join(map(str, error.absolute_path))}: {error.message}", file=sys.stderr)
        failed = True
sys.exit(1 if failed else 0)
