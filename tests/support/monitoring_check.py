# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What belongs together in docs/monitoring: metrics, rules, alerts, dashboard, chapter.

usage: monitoring_check.py rules-of DASHBOARD        a file of rules with each expression, for promtool check rules
       monitoring_check.py evaluate DASHBOARD PORT WINDOW    a Prometheus on loopback answers each, with windows that long; prints
                                                     those that found nothing
       monitoring_check.py names FORMATS FILE...     every metric that FILEs name is in the tables of FORMATS
       monitoring_check.py page FORMATS <PAGE        a page of the exporter has these metrics with these types and labels, and no other
       monitoring_check.py unused FORMATS DASHBOARD  every metric of FORMATS is on the dashboard
       monitoring_check.py alerts ALERTS CHAPTER     each alert has its annotations, and a paragraph in CHAPTER
       monitoring_check.py dashboard DASHBOARD       what Grafana needs to import it anywhere
       monitoring_check.py links DASHBOARD           the headings of the chapter that panels lead to
       monitoring_check.py alert-names ALERTS
       monitoring_check.py yaml FILE                 it is YAML; prints the kinds of its documents
       monitoring_check.py scaled FACTOR FILE        the rules with windows and waits so many times shorter
exit: 0 so it is, 1 not so (each fault is a line), 2 misuse"""
import json
import re
import sys
import urllib.parse
import urllib.request

import yaml

from docs_check import anchors

METRIC = r"vitals_[a-z0-9_]+"
SUFFIXES = ("_bucket", "_sum", "_count")
VARIABLES = {"$__rate_interval": "5m", "$job": ".*", "$instance": ".*", "$process": ".*"}
# Of a target without them, or only when something is wrong: a page may be without.
MAY_BE_ABSENT = re.compile(
    r"vitals_(gc_|heap_|external_|array_buffers_|alloc_|memory_cgroup_|bpf_run|target_degraded|loop_stall|connections"
    r"|cpu_throttled|memory_growing|loop_timer)")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# --- the tables of formats.md -------------------------------------------------------------------------


def documented(path):
    """Of each metric: its type and its labels."""
    section = read(path).partition("## Metrics of vitals-exporter")[2].partition("\n## ")[0]
    found = {}
    for cells in (line.split("|")[1:4] for line in section.split("\n") if line.startswith("| `vitals_")):
        labels = {label.strip() for label in cells[2].split(",")} - {""}
        found |= {name: (cells[1].strip(), labels) for name in re.findall(rf"`({METRIC})`", cells[0])}
    if len(found) < 50:
        raise ValueError(f"{path}: only {len(found)} metrics found: the tables look other than expected")
    return found


def family(name, known):
    for suffix in SUFFIXES:
        base = name.removesuffix(suffix)
        if base != name and known.get(base, ("",))[0] == "histogram":
            return base
    return name


def names_in(path):
    # A name that goes on as a pattern ("vitals_target_*") is none; files and units are called vitals-exporter.
    return sorted(set(re.findall(rf"(?<![a-z_/:]){METRIC}\b(?![*_])", read(path))))


def check_names(formats, *files):
    known = documented(formats)
    return [f"{path}: {name} is not in {formats}" for path in files for name in names_in(path)
            if family(name, known) not in known]


def check_unused(formats, dashboard):
    known = documented(formats)
    used = {family(name, known) for name in names_in(dashboard)}
    through_rules = {"vitals_loop_iteration_seconds", "vitals_loop_iteration_time_seconds_total"}
    known_elsewhere = {"vitals_target_up", "vitals_loops", "vitals_loop_poll_seconds_total"}
    return [f"{name} is on no panel" for name in sorted(set(known) - used - through_rules - known_elsewhere)]


# --- a page ---------------------------------------------------------------------------------------------


def page_families(text):
    """Of each family of the text format: its type and the labels of its samples."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    known = {name: (kind,) for name, kind in types.items()}
    labels = {name: set() for name in types}
    for name, inside in re.findall(rf"^({METRIC})(?:\{{(.*)\}})? ", text, re.MULTILINE):
        keys = set(re.findall(r'([a-z_]+)="(?:[^"\\]|\\.)*"', inside))
        base = family(name, known)
        labels[base] |= keys - {"le"} if types[base] == "histogram" else keys
    return {name: (types[name], labels[name]) for name in types}


def check_page(formats):
    known, served = documented(formats), page_families(sys.stdin.read())
    faults = [f"{name} is served, and not in {formats}" for name in sorted(set(served) - set(known))]
    faults += [f"{name} is in {formats}, and not served" for name in sorted(set(known) - set(served))
               if not MAY_BE_ABSENT.match(name)]
    for name in sorted(set(known) & set(served)):
        kind, labels = served[name]
        if kind != known[name][0]:
            faults.append(f"{name} is a {kind}, not a {known[name][0]}")
        if labels and labels != known[name][1]:
            faults.append(f"{name} has labels {sorted(labels)}, not {sorted(known[name][1])}")
    return faults


# --- dashboard ------------------------------------------------------------------------------------------


def panels(dashboard):
    return [panel for panel in json.loads(read(dashboard))["panels"] if panel["type"] != "row"]


def plain(expression):
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def expressions(dashboard):
    board = json.loads(read(dashboard))
    told = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]
    told += [annotation["expr"] for annotation in board["annotations"]["list"]]
    return [plain(expression) for expression in told]


def evaluate(dashboard, port, window):
    faults = []
    for expression in expressions(dashboard):
        query = urllib.parse.urlencode({"query": expression.replace("[5m]", f"[{window}]")})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{query}", timeout=20) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError as error:
            faults.append(f"{expression}: {error}")
            continue
        if not found:
            print(f"nothing: {expression}")
    return faults


def print_rules(dashboard):
    faults = [f"not a variable that is replaced: {e}" for e in expressions(dashboard) if "$" in e]
    rules = [{"record": f"dashboard:{i}", "expr": e} for i, e in enumerate(expressions(dashboard))]
    json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)
    return faults


def check_dashboard(dashboard):
    board, faults = json.loads(read(dashboard)), []
    if not board.get("uid") or "id" in board or not board["__inputs"]:
        faults.append("it needs a uid, inputs, and no id of the Grafana it comes from")
    wanted = {"datasource", "job", "instance", "process"}
    if not wanted <= {variable["name"] for variable in board["templating"]["list"]}:
        faults.append("it has not all of the variables " + ", ".join(sorted(wanted)))
    ids = [panel["id"] for panel in board["panels"]]
    if len(set(ids)) != len(ids):
        faults.append("two panels have one id")
    for panel in panels(dashboard):
        faults += [f"{panel['title']}: no {key}" for key in ("description", "links", "targets") if not panel[key]]
        if panel["datasource"]["uid"] != "${datasource}" or "unit" not in panel["fieldConfig"]["defaults"]:
            faults.append(f"{panel['title']}: a data source of its own, or no unit")
        if any("rate(" in target["expr"] and "[5m]" in target["expr"] for target in panel["targets"]):
            faults.append(f"{panel['title']}: a window other than $__rate_interval")
    return faults + overlaps(board["panels"])


def overlaps(all_panels):
    taken, faults = {}, []
    for panel in all_panels:
        place = panel["gridPos"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if taken.setdefault(cell, panel["title"]) != panel["title"] or cell[0] >= 24:
                faults.append(f"{panel['title']} lies on {taken[cell]}, or beside the page")
                break
    return faults


def print_links(dashboard):
    """Anchors of the chapter that panels lead to."""
    print("\n".join(sorted({link["url"].partition("#")[2] for panel in panels(dashboard) for link in panel["links"]})))
    return []


# --- rules ----------------------------------------------------------------------------------------------


def alerts_of(path):
    groups = yaml.safe_load(read(path))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def check_alerts(path, chapter):
    known, faults = anchors(read(chapter)), []
    for rule in alerts_of(path):
        told = rule.get("annotations", {})
        faults += [f"{rule['alert']}: no {key}" for key in ("summary", "description", "runbook_url") if not told.get(key)]
        if rule["labels"].get("severity") not in ("info", "warning", "critical"):
            faults.append(f"{rule['alert']}: no severity")
        if "Next: " not in told.get("description", ""):
            faults.append(f"{rule['alert']}: its description does not say what to run next")
        document, _, anchor = told.get("runbook_url", "").partition("#")
        if not chapter.endswith(document) or anchor != rule["alert"].lower() or anchor not in known:
            faults.append(f"{rule['alert']}: no paragraph #{anchor} in {chapter}")
    return faults


def print_alerts(path):
    print("\n".join(sorted(rule["alert"] for rule in alerts_of(path))))
    return []


def print_scaled(factor, path):
    seconds = {"m": 60, "h": 3600}

    def shorter(match):
        return f"{match[1]}{int(match[2]) * seconds[match[3]] * 1000 // int(factor)}ms{match[4]}"

    print(re.sub(r"(\[|for: )(\d+)([mh])(\]|$)", shorter, read(path), flags=re.MULTILINE), end="")
    return []


def print_kinds(path):
    print(" ".join(document.get("kind", "-") for document in yaml.safe_load_all(read(path))))
    return []


COMMANDS = {"rules-of": print_rules, "evaluate": evaluate, "names": check_names, "page": check_page,
            "unused": check_unused, "alerts": check_alerts, "alert-names": print_alerts, "dashboard": check_dashboard,
            "links": print_links, "scaled": print_scaled, "yaml": print_kinds}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        faults = COMMANDS[sys.argv[1]](*sys.argv[2:])
    except (TypeError, ValueError, KeyError, OSError, yaml.YAMLError) as error:
        print(f"monitoring_check.py: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
