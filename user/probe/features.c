// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Privileges, namespaces, BTF, uprobes; and the functional test of uprobe_multi. */
#include "probe/features.h"

#include "base/scope.h"
#include "host/cli.h"
#include "host/log.h"
#include "probe/self_probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* include/linux/proc_ns.h, PROC_PID_INIT_INO: the inode of the initial PID namespace */
#define INITIAL_PID_NAMESPACE_INODE 0xEFFFFFFCu

static int check_privileges(void)
{
	static const struct {
		unsigned int capability;
		const char *name;
	} needed[] = {
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
		{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	};

	if (capng_get_caps_process() != 0) {
		log_error("cannot read this process's capabilities");
		return EXIT_PERMISSION;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability))
			continue;
		/* SYS_ADMIN contains BPF and PERFMON */
		if (i < 2 && capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
			continue;
		log_error("cannot load BPF programs and attach uprobes: missing %s",
			  needed[i].name);
		log_hint("run it with sudo (needs CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and, for "
			 "uprobes and mapped files, CAP_SYS_ADMIN)");
		return EXIT_PERMISSION;
	}
	return EXIT_DONE;
}

static int check_pid_namespace(void)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) || st.st_ino == INITIAL_PID_NAMESPACE_INODE)
		return EXIT_DONE;
	log_error("this is not the host's PID namespace: process numbers would not agree with the "
		  "kernel's");
	log_hint("run it on the host, or the container with --pid=host");
	return EXIT_UNSUPPORTED;
}

static int check_kernel(void)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		log_error("kernel has no BTF (/sys/kernel/btf/vmlinux): %s", strerror(errno));
		log_hint("needs a kernel with CONFIG_DEBUG_INFO_BTF=y, and sysfs mounted");
		return EXIT_UNSUPPORTED;
	}
	if (access("/sys/bus/event_source/devices/uprobe/type", R_OK)) {
		log_error("kernel has no uprobe events: %s", strerror(errno));
		log_hint("needs a kernel with CONFIG_UPROBE_EVENTS=y, and sysfs mounted");
		return EXIT_UNSUPPORTED;
	}
	return EXIT_DONE;
}

int features_check(void)
{
	int status = check_privileges();

	if (!status)
		status = check_pid_namespace();
	return status ? status : check_kernel();
}

/* Calls the probed function from a second thread: a filter by thread would not see it. */
static bool second_thread_is_seen(const struct self_probe *p)
{
	void *(*volatile call)(void *) = self_probed;
	pthread_t thread;

	if (pthread_create(&thread, NULL, call, NULL))
		return false;
	(void)pthread_join(thread, NULL);
	return self_probe_count(p) == 1;
}

bool features_have_uprobe_multi(void)
{
	static int known = -1; /* the kernel does not change under us */

	if (known < 0) {
		_release_(self_probe_done) struct self_probe p;

		known = self_probe_open(&p, getpid(), SELF_ENTRY) == 0 && second_thread_is_seen(&p);
		log_info("uprobes by %s",
			 known ? "one link for many (uprobe_multi)" : "one perf event each");
	}
	return known;
}

bool features_have_uprobe_session(void)
{
	static int known = -1;

	if (known < 0) {
		_release_(self_probe_done) struct self_probe p = { -1, -1, -1 };
		void *(*volatile call)(void *) = self_probed;

		known = features_have_uprobe_multi() &&
			self_probe_open(&p, getpid(), SELF_SESSION) == 0;
		(void)call(NULL);
		known = known && self_probe_count(&p) == 2; /* its entry and its return */
	}
	return known;
}

bool features_have_loop(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop, NULL) == 1;
}

/* A program that does nothing, attached for a moment. */
static bool try_function(int btf_id, enum bpf_attach_type type)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type,
		    .attach_btf_id = (uint32_t)btf_id);
	_release_(closep) int prog = -1;
	_release_(closep) int link = -1;

	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "nothing", "Dual BSD/GPL", nothing,
			     sizeof(nothing) / sizeof(*nothing), &opts);
	if (prog >= 0)
		link = bpf_raw_tracepoint_open(NULL, prog);
	return link >= 0;
}

bool features_have_function(const char *name)
{
	int id = libbpf_find_vmlinux_btf_id(name, BPF_TRACE_FENTRY);

	return id > 0 && try_function(id, BPF_TRACE_FENTRY) && try_function(id, BPF_TRACE_FEXIT);
}
