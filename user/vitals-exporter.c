// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * vitals-exporter: the vital signs of services, always on, for Prometheus. This process collects
 * and may load programs into the kernel; a child of it that may do nothing listens.
 */
#include "base/parse.h"
#include "base/scope.h"
#include "collect/exporter.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/config_file.h"
#include "host/confine.h"
#include "host/log.h"
#include "host/metrics_link.h"
#include "host/metrics_server.h"
#include "host/procfs.h"
#include "probe/features.h"
#include "probe/load.h"

#include <errno.h>
#include <string.h>

struct options {
	struct cli_common common;
	const char *config_path;
	const char *listen, *web_config;
	bool allow_remote, only_checks;
	struct exporter_config targets; /* of the command line */
};

enum {
	KEY_CONFIG = 0x200,
	KEY_CHECK,
	KEY_LISTEN,
	KEY_WEB_CONFIG,
	KEY_ALLOW_REMOTE,
};

static const struct argp_option option_table[] = {
	{ "config", KEY_CONFIG, "FILE", 0, "What to watch, and how (YAML)", 1 },
	{ "name", 'n', "NAME", 0, "Watch the processes of this name; may be given again", 1 },
	{ "pid", 'p', "PID", 0, "Watch this process; may be given again", 1 },
	{ "check-config", KEY_CHECK, NULL, 0, "Say what is wrong with the files, and end", 1 },
	{ "web.listen-address", KEY_LISTEN, "ADDRESS:PORT", 0,
	  "Where to serve /metrics (default 127.0.0.1:9435)", 2 },
	{ "web.config.file", KEY_WEB_CONFIG, "FILE", 0,
	  "TLS and passwords, in the form of Prometheus' exporter-toolkit", 2 },
	{ "web.allow-remote", KEY_ALLOW_REMOTE, NULL, 0,
	  "Serve on an address that others reach; only with TLS or a password", 2 },
	{ 0 },
};

static void add_target(struct options *o, const char *name, pid_t pid)
{
	if (exporter_config_add(&o->targets, name, pid) == 0)
		return;
	(void)log_errno(-ENOMEM, "cannot start");
	exit(EXIT_FAILED);
}

static void add_pid(struct options *o, const char *text)
{
	uint64_t pid;

	if (parse_u64(text, 4194304, &pid) || !pid)
		cli_usage_error("-p %s: not a process id (1 to 4194304)", text);
	add_target(o, NULL, (pid_t)pid);
}

static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case KEY_CONFIG:
		o->config_path = arg;
		return 0;
	case 'n':
		if (!*arg)
			cli_usage_error("-n: the name is empty");
		add_target(o, arg, 0);
		return 0;
	case 'p':
		add_pid(o, arg);
		return 0;
	case KEY_CHECK:
		o->only_checks = true;
		return 0;
	case KEY_LISTEN:
		o->listen = arg;
		return 0;
	case KEY_WEB_CONFIG:
		o->web_config = arg;
		return 0;
	case KEY_ALLOW_REMOTE:
		o->allow_remote = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_usage_error("%s: unexpected word", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &cli_talk_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "--config FILE\n-n NAME\n-p PID",
	.doc = "Serves the vital signs of chosen services to Prometheus: event loops and their "
	       "stalls, garbage collection, memory, CPU; without a change to them.",
	.children = children,
};

/* --- configuration ---------------------------------------------------------------------------- */

static int read_file(const char *path, struct exporter_config *c)
{
	_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	struct yaml_fault fault;
	int err = config_file_read_yaml(path, &tree);

	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	err = exporter_config_read(c, yaml_tree_root(tree), &fault);
	if (err == -EBADMSG) {
		(void)config_file_refuse(path, &fault);
		return EXIT_USAGE;
	}
	return err ? EXIT_FAILED : EXIT_DONE;
}

/* The file first, then the command line. An exit status. */
static int configure(struct options *o)
{
	struct exporter_config *c = &o->targets;
	int status = o->config_path ? read_file(o->config_path, c) : EXIT_DONE;
	struct metrics_server_options web;
	int err;

	if (status)
		return status;
	if (!c->targets.len)
		cli_usage_error("no target: give --config FILE with targets, -n NAME or -p PID");
	web = (struct metrics_server_options){
		.address = o->listen ? o->listen : c->listen,
		.web_config = o->web_config ? o->web_config : c->web_config,
		.allow_remote = o->allow_remote,
	};
	o->listen = web.address;
	o->web_config = web.web_config;
	err = metrics_server_check(&web);
	return !err ? EXIT_DONE : err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

/* A process that is asked for by its PID is there, or that was a mistake. An exit status. */
static int check_pids(const struct exporter_config *c)
{
	for (size_t i = 0; i < c->targets.len; i++) {
		pid_t pid = c->targets.at[i].rule.pid;
		struct process_stat stat = { 0 };
		int err = pid ? procfs_stat(pid, &stat) : 0;

		if (pid && !err && stat.tgid != pid)
			err = -EEXIST;
		if (err)
			return targets_say_not_opened(pid, err, stat.tgid);
	}
	return EXIT_DONE;
}

/* --- serving ---------------------------------------------------------------------------------- */

/* One run, for the callbacks of the loop. */
struct run {
	struct loop *loop;
	struct exporter *exporter;
	struct metrics_server_options web;
	struct metrics_server server;
	struct metrics_desk desk;
};

static int on_link(void *ctx);

static int listen_to(struct run *run)
{
	run->desk.fd = run->server.link;
	run->desk.last_ns = 0; /* this one has not asked yet */
	exporter_set_server(run->exporter, run->server.pid, run->server.restarts);
	return loop_add_fd(run->loop, run->server.link, on_link, run);
}

/* A server that has ended, or says what none of ours says, is started again. */
static int on_link(void *ctx)
{
	struct run *run = ctx;
	int err = metrics_link_answer(&run->desk);

	if (err != -EPIPE && err != -EBADMSG)
		return err;
	log_warn("the process that serves %s, it is started again",
		 err == -EPIPE ? "has ended" : "does not keep to its part");
	(void)loop_remove_fd(run->loop, run->server.link);
	err = metrics_server_restart(&run->web, &run->server);
	return err ? err : listen_to(run);
}

/* Everything that takes more than it may do afterwards. 0 or -errno, said. */
static int start(struct run *run, const struct exporter_config *config)
{
	int err = exporter_open(config, run->loop, &run->exporter);

	if (err)
		return err;
	run->desk = (struct metrics_desk){ .fill = exporter_fill,
					   .ctx = run->exporter,
					   .max_series = config->max_series };
	err = exporter_start(run->exporter);
	if (err)
		return err;
	err = loop_take_signals(run->loop, NULL, NULL);
	if (!err)
		err = listen_to(run);
	if (!err)
		err = confine_collector();
	return err ? log_errno(err, "cannot start") : 0;
}

/* Until a signal, or what cannot be mended. An exit status. */
static int serve(const struct options *o)
{
	struct run run = { .web = { o->listen, o->web_config, o->allow_remote } };
	int err = metrics_server_start(&run.web, &run.server);

	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	run.loop = loop_new();
	err = run.loop ? start(&run, &o->targets) : log_errno(-errno, "cannot start");
	if (!err) {
		log_note("watching %zu process%s, serving /metrics on %s (port %u)",
			 exporter_targets(run.exporter),
			 exporter_targets(run.exporter) == 1 ? "" : "es", o->listen,
			 run.server.port);
		err = loop_run(run.loop);
	}
	exporter_free(run.exporter);
	metrics_server_stop(&run.server);
	loop_free(run.loop);
	return err ? EXIT_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int status;

	cli_libbpf_version = libbpf_version_string();
	if (exporter_config_init(&o.targets))
		return EXIT_FAILED;
	cli_parse_basic("vitals-exporter", &argp, argc, argv, &o, &o.common);
	probe_log_init();
	status = configure(&o);
	if (!status && !o.only_checks)
		status = check_pids(&o.targets);
	if (!status && !o.only_checks)
		status = features_check();
	if (!status && !o.only_checks)
		status = serve(&o);
	exporter_config_done(&o.targets);
	return status;
}
