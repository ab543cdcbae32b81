// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From lines of /proc to the cgroup's directory; what files there say, and those above it. */
#include "fixture.h"

#include "host/cgroup.h"

static const char mounts_v1[] =
	"30 25 0:27 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu\n"
	"31 25 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:10 - cgroup cgroup rw,memory\n"
	"32 25 0:29 / /sys/fs/cgroup/unified rw shared:11 - cgroup2 cgroup2 rw\n";
static const char mounts_v2[] = "25 20 8:1 / / rw - ext4 /dev/sda1 rw\n"
				"31 25 0:28 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n";
static const char mounts_container[] =
	"31 25 0:28 /docker/7 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

static int find(const char *cgroups, const char *mounts, struct cgroup *ret)
{
	_release_(freep) char *a = strdup(cgroups);
	_release_(freep) char *b = strdup(mounts);

	must(a && b);
	return cgroup_find_in(a, b, "memory", ret);
}

static void finds(void)
{
	static const struct {
		const char *what, *cgroups, *mounts, *dir;
		int version;
	} cases[] = {
		{ "version 1", "4:cpu:/\n8:memory:/app/web\n0::/\n", mounts_v1,
		  "/sys/fs/cgroup/memory/app/web", 1 },
		{ "version 1, with another controller", "8:hugetlb,memory:/a\n", mounts_v1,
		  "/sys/fs/cgroup/memory/a", 1 },
		{ "version 2", "0::/system.slice/web.service\n", mounts_v2,
		  "/sys/fs/cgroup/system.slice/web.service", 2 },
		{ "the root", "0::/\n", mounts_v2, "/sys/fs/cgroup", 2 },
		{ "in a container", "0::/docker/7/web\n", mounts_container, "/sys/fs/cgroup/web",
		  2 },
		{ "a name with colons", "0::/a:b:c\n", mounts_v2, "/sys/fs/cgroup/a:b:c", 2 },
		{ "outside of what is mounted", "0::/docker/77\n", mounts_container, "", 0 },
		{ "above what is seen", "0::/../other\n", mounts_v2, "", 0 },
		{ "no memory controller", "4:cpu:/\n", mounts_v1, "", 0 },
		{ "no mount", "0::/a\n", "25 20 8:1 / / rw - ext4 /dev/sda1 rw\n", "", 0 },
		{ "nonsense", "x\n::\n:\n", "a b c\n - \n- x\n", "", 0 },
		{ "nothing", "", "", "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cgroup c;
		int err = find(cases[i].cgroups, cases[i].mounts, &c);

		is_int(err, cases[i].version ? 0 : -ENODATA, "%s", cases[i].what);
		is_int(c.version, cases[i].version, "%s: version", cases[i].what);
		is_text(c.dir, cases[i].dir, "%s: directory", cases[i].what);
	}
}

static void put(const char *name, const char *text)
{
	const char *path = in_scratch("%s", name);
	FILE *f = fopen(path, "we");

	must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static struct cgroup at(int version, const char *dir)
{
	struct cgroup c = { .version = version, .top_len = strlen(scratch) };

	must(snprintf(c.dir, sizeof(c.dir), "%.512s%s", scratch, dir) < (int)sizeof(c.dir));
	return c;
}

static void version_2(void)
{
	struct cgroup c = at(2, "/two/inner");
	struct memory_cgroup m;

	must(mkdir(in_scratch("two"), 0755) == 0 && mkdir(in_scratch("two/inner"), 0755) == 0);
	put("two/inner/memory.current", "1000000\n");
	put("two/inner/memory.max", "max\n");
	put("two/inner/memory.high", "900000\n");
	put("two/inner/memory.events", "low 0\nhigh 4\nmax 5\noom 2\noom_kill 1\n");
	put("two/inner/memory.stat", "anon 5\nfile 6\ninactive_file 70\nactive_file 30\n");
	put("two/inner/memory.pressure", "some avg10=1.50 avg60=0.10 avg300=0.00 total=7\n"
					 "full avg10=0.25 avg60=0.00 avg300=0.00 total=3\n");
	is_int(cgroup_memory(&c, &m), 0, "version 2");
	is_int(m.version, 2, "its version");
	is_int(m.used_bytes, 1000000, "used");
	is_int(m.limit_bytes, 0, "no limit");
	is_int(m.high_bytes, 900000, "high");
	is_int(m.limit_hits, 5, "times at the limit");
	is_int(m.oom_kills, 1, "killed");
	is_int(m.reclaimable_bytes, 100, "files");
	ok(m.has_pressure && m.some_pct == 1.5 && m.full_pct == 0.25, "pressure");
	is_text(m.path, "/two/inner", "its path");
	put("two/memory.current", "3000000\n");
	put("two/memory.max", "4000000\n");
	is_int(cgroup_memory(&c, &m), 0, "with a limit above it");
	is_int(m.limit_bytes, 4000000, "which is the one that counts");
	is_text(m.path, "/two", "with its path");
	put("two/inner/memory.max", "1500000\n");
	is_int(cgroup_memory(&c, &m), 0, "with a tighter one of its own");
	is_int(m.limit_bytes, 1500000, "that one");
	put("two/inner/memory.max", "nonsense\n");
	is_int(cgroup_memory(&c, &m), 0, "a file that makes no sense");
	is_int(m.limit_bytes, 4000000, "leaves the one above");
}

static void version_1(void)
{
	struct cgroup c = at(1, "/one");
	struct memory_cgroup m;

	must(mkdir(in_scratch("one"), 0755) == 0);
	put("one/memory.limit_in_bytes", "9223372036854771712\n");
	put("one/memory.usage_in_bytes", "5000\n");
	put("one/memory.failcnt", "3\n");
	put("one/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	put("one/memory.stat", "cache 9\ntotal_inactive_file 40\ntotal_active_file 2\n");
	is_int(cgroup_memory(&c, &m), 0, "version 1");
	is_int(m.limit_bytes, 0, "its way to say no limit");
	is_int(m.used_bytes, 5000, "used");
	is_int(m.limit_hits, 3, "times at the limit");
	is_int(m.oom_kills, 2, "killed");
	is_int(m.reclaimable_bytes, 42, "files");
	ok(!m.has_pressure, "no pressure");
	put("one/memory.limit_in_bytes", "6000\n");
	is_int(cgroup_memory(&c, &m), 0, "version 1 with a limit");
	is_int(memory_cgroup_room(&m), 1000, "what is left");
}

static void nothing_there(void)
{
	struct cgroup none = { 0 }, gone = at(2, "/gone");
	struct memory_cgroup m;

	is_int(cgroup_memory(&none, &m), -EINVAL, "no cgroup");
	is_int(cgroup_memory(&gone, &m), -ENODATA, "a cgroup that is gone");
	is_int(m.version, 0, "says so");
}

static void of_itself(void)
{
	struct memory_cgroup m;
	struct cgroup c;
	int err = cgroup_find(getpid(), "memory", &c);

	if (err == -ENODATA) {
		skip("of this process", "no memory controller is mounted");
		return;
	}
	is_int(err, 0, "of this process");
	err = cgroup_memory(&c, &m);
	ok(err == -ENODATA || m.used_bytes > 0, "uses memory, or the root says nothing");
}

int main(void)
{
	make_scratch();
	finds();
	version_2();
	version_1();
	nothing_there();
	of_itself();
	return tap_done();
}
