#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Numbers from pages of Prometheus' text format.

    vitals_page.py FILE NAME [LABEL=VALUE...]         the sum of the samples with these labels; nothing: exit 1
    vitals_page.py FILE - OLDER NAME [LABEL=VALUE...] by how much that grew since the older page
    vitals_page.py --falls OLDER FILE                 counters that fell, one per line (none: exit 0)
"""
import re
import sys

SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def read(path):
    """{(name, labels): value}, and the types of the families."""
    samples, types = {}, {}
    for line in open(path, encoding='utf-8'):
        line = line.rstrip('\n')
        if line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            types[name] = kind
        if not line or line.startswith('#'):
            continue
        match = SAMPLE.match(line)
        assert match, f'no sample: {line!r}'
        key = (match[1], tuple(sorted(LABEL.findall(match[2] or ''))))
        assert key not in samples, f'twice: {line!r}'
        samples[key] = float(match[3])
    return samples, types


def total(path, name, labels, missing=None):
    wanted = {tuple(label.split('=', 1)) for label in labels}
    found = [v for (n, have), v in read(path)[0].items() if n == name and wanted <= set(have)]
    if not found and missing is not None:
        return missing
    if not found:
        sys.exit(f'{path}: no {name} {" ".join(labels)}')
    return sum(found)


def is_counter(name, types):
    if types.get(name) == 'counter':
        return True
    return types.get(re.sub(r'_(bucket|sum|count)$', '', name)) == 'histogram'


def falls(older, newer):
    before, types = read(older)
    now, _ = read(newer)
    return [f'{name}{dict(labels)}: {value} to {now[name, labels]}' for (name, labels), value in before.items()
            if is_counter(name, types) and (name, labels) in now and now[name, labels] < value - 1e-9]


def main():
    if sys.argv[1] == '--falls':
        fell = falls(sys.argv[2], sys.argv[3])
        print('\n'.join(fell), end='')
        sys.exit(1 if fell else 0)
    if sys.argv[2] == '-':
        _, path, _, older, name, *labels = sys.argv
        print(f'{total(path, name, labels) - total(older, name, labels, 0):.9f}')
    else:
        _, path, name, *labels = sys.argv
        print(f'{total(path, name, labels):.9f}')


if __name__ == '__main__':
    main()
