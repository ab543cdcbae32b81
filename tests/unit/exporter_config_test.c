// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* vitals-exporter's file, and which processes its targets are for. */
#include "profile/exporter_config.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"

static int read_text(const char *text, struct exporter_config *c, struct yaml_fault *fault)
{
	const struct bytes bytes = { (const uint8_t *)text, strlen(text) };
	_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	int err = exporter_config_init(c);

	if (!err)
		err = yaml_tree_read(&bytes, &tree, fault);
	return err ? err : exporter_config_read(c, yaml_tree_root(tree), fault);
}

static const char whole[] = "listen: '[::1]:9999'\n"
			    "web_config: /etc/web.yaml\n"
			    "interval: 10s\n"
			    "cpu_budget: 1.5%\n"
			    "max_targets: 8\n"
			    "max_series: 500\n"
			    "split: true\n"
			    "targets:\n"
			    "  - name: api\n"
			    "    comm: node\n"
			    "    cmdline: 'node .*server[.]js'\n"
			    "    cgroup: /system.slice/api.service\n"
			    "    stall_threshold: 5ms\n"
			    "    collect: [loop, alloc]\n"
			    "  - pid: 42\n";

static void test_whole(void)
{
	_release_(exporter_config_done) struct exporter_config c = { 0 };
	struct yaml_fault fault = { 0 };
	const struct exporter_target *t;

	if (!ok(read_text(whole, &c, &fault) == 0, "a whole file is read"))
		printf("# %u: %s\n", fault.line, fault.text);
	is_text(c.listen, "[::1]:9999", "listen");
	is_text(c.web_config, "/etc/web.yaml", "web_config");
	is_int(c.interval_ns, 10000000000, "interval");
	ok(c.cpu_budget > 0.0149 && c.cpu_budget < 0.0151, "cpu_budget is a share");
	is_int(c.max_targets, 8, "max_targets");
	is_int(c.max_series, 500, "max_series");
	ok(c.has_split, "split");
	must(c.targets.len == 2);
	t = &c.targets.at[0];
	is_text(t->name, "api", "a target's name");
	is_int(t->stall_threshold_ns, 5000000, "its threshold");
	is_int(t->collect, COLLECT_LOOP | COLLECT_ALLOC, "what is collected of it");
	is_int(exporter_config_threshold_ns(&c), 5000000, "the shortest threshold of all");
	ok(exporter_config_collects(&c, COLLECT_GC), "the other has what is collected by default");
	is_int(c.targets.at[1].rule.pid, 42, "and a PID");
	ok(!c.targets.at[1].name, "but no name");
}

static void test_defaults(void)
{
	_release_(exporter_config_done) struct exporter_config c = { 0 };
	struct yaml_fault fault;

	is_int(read_text("", &c, &fault), 0, "an empty file is fine");
	is_text(c.listen, "127.0.0.1:9435", "loopback");
	is_int(c.interval_ns, 5000000000, "5s");
	is_int(c.max_targets, 64, "64 targets");
	is_int(c.max_series, 2000, "2000 series");
	ok(!c.has_split && !c.web_config, "nothing else");
	must(exporter_config_add(&c, "nginx", 0) == 0 && exporter_config_add(&c, NULL, 7) == 0);
	is_text(c.targets.at[0].name, "nginx", "a target of the command line");
	is_int(c.targets.at[1].rule.pid, 7, "and one by its PID");
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *why;
	} cases[] = {
		{ "interval: 5\n", 1,
		  "key \"interval\": \"5\": not a duration from 1s to 5m (10s, 1m)" },
		{ "\ninterval: 10m\n", 2, "key \"interval\"" },
		{ "cpu_budget: 2\n", 1, "not a share of one CPU from 0.1% to 100%" },
		{ "cpu_budget: 200%\n", 1, "key \"cpu_budget\": \"200%\"" },
		{ "max_targets: 0\n", 1, "not a number from 1 to 256" },
		{ "max_series: many\n", 1, "not a number from 100" },
		{ "listen: localhost\n", 1, "not ADDRESS:PORT" },
		{ "intervall: 5s\n", 1, "allowed: listen, web_config, interval" },
		{ "targets: node\n", 1, "not a list" },
		{ "targets:\n  - comm: node\n    cmdline: '('\n", 3,
		  "not a POSIX extended regular expression" },
		{ "targets:\n  - cgroup: a\n", 2, "not a path of a cgroup" },
		{ "targets:\n  - comm: ''\n", 2, "is empty" },
		{ "targets:\n  - name: api\n", 2, "a target needs comm, cmdline, cgroup or pid" },
		{ "targets:\n  - comm: a\n  - comm: b\n    collect: [loop, cpu]\n", 4,
		  "\"cpu\": not one of loop, gc, memory, alloc" },
		{ "targets:\n  - pid: 0\n", 2, "not a process id" },
		{ "targets:\n  - comm: a\n    stall_threshold: 0.1ms\n", 3, "from 1ms to 60s" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_release_(exporter_config_done) struct exporter_config c = { 0 };
		struct yaml_fault fault = { 0 };

		is_int(read_text(cases[i].text, &c, &fault), -EBADMSG, "case %zu is refused", i);
		is_int(fault.line, cases[i].line, "with its line");
		if (!ok(strstr(fault.text, cases[i].why) != NULL, "and why: %s", cases[i].why))
			printf("# got %s\n", fault.text);
	}
}

static void test_no_memory(void)
{
	bool is_hit = true;

	/* libyaml and regcomp have allocations of their own, which are not ours to fail */
	for (size_t n = 1; is_hit; n++) {
		_release_(exporter_config_done) struct exporter_config c = { 0 };
		struct yaml_fault fault;
		int err;

		failing_alloc_start(n);
		err = read_text(whole, &c, &fault);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

/* --- rules ------------------------------------------------------------------------------------ */

static const char *const cgroups[] = { "/system.slice/api.service/x", "/user" };
static const struct process_traits api = { .pid = 42,
					   .comm = "MainThread",
					   .words = "/usr/bin/node\0/srv/server.js\0--port\0",
					   .line = "/usr/bin/node /srv/server.js --port",
					   .cgroups = cgroups,
					   .cgroup_count = 2 };

static bool matches(const struct target_rule *r)
{
	return target_rule_matches(r, &api);
}

static void test_rules(void)
{
	static char main_thread[] = "MainThread", node[] = "node", server[] = "server.js",
		    port[] = "--port", slice[] = "/system.slice/api.service",
		    slice_end[] = "/system.slice/api.service/", other[] = "/system.slice/api",
		    root[] = "/";
	struct target_rule line = { 0 };

	ok(matches(&(struct target_rule){ .comm = main_thread }), "by what it calls itself");
	ok(matches(&(struct target_rule){ .comm = node }), "by its program");
	ok(matches(&(struct target_rule){ .comm = server }), "by its script");
	ok(!matches(&(struct target_rule){ .comm = port }), "not by a later word");
	ok(matches(&(struct target_rule){ .pid = 42 }), "by its number");
	ok(!matches(&(struct target_rule){ .pid = 43 }), "not by another");
	ok(matches(&(struct target_rule){ .cgroup = slice }), "by a cgroup above it");
	ok(matches(&(struct target_rule){ .cgroup = slice_end }), "however it is written");
	ok(matches(&(struct target_rule){ .cgroup = root }), "all are in the root");
	ok(!matches(&(struct target_rule){ .cgroup = other }), "not by half a name");
	ok(!matches(&(struct target_rule){ .comm = node, .pid = 43 }), "all must fit");
	must(target_rule_set_line(&line, "^/usr/bin/node .*server[.]js") == 0);
	ok(matches(&line), "by an expression");
	target_rule_done(&line);
	must(target_rule_set_line(&line, "worker[.]js") == 0);
	ok(!matches(&line), "not by one that does not fit");
	target_rule_done(&line);
	is_int(target_rule_set_line(&line, "("), -EINVAL, "an expression that is none");
}

int main(void)
{
	test_whole();
	test_defaults();
	test_refused();
	test_no_memory();
	test_rules();
	return tap_done();
}
