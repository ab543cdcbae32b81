// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A counting uprobe on a function of this very program. */
#include "probe/self_probe.h"

#include "base/scope.h"
#include "probe/uprobe_multi.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/bpf.h>

/* Begins with an instruction the kernel emulates, as the allocator functions do where we probe. */
#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	".globl self_probed\n"
	".type self_probed, @function\n"
	"self_probed:\n"
	"	nop\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	".size self_probed, . - self_probed\n"
	".popsection\n");
#else
void *self_probed(void *unused)
{
	return unused;
}
#endif

struct own_place {
	uintptr_t addr;
	uint64_t offset;
	bool is_found;
};

static int find_own_offset(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct own_place *place = ctx;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type != PT_LOAD || place->addr < start ||
		    place->addr - start >= ph->p_filesz)
			continue;
		place->offset = place->addr - start + ph->p_offset;
		place->is_found = true;
		return 1;
	}
	return 0;
}

/* A program that adds 1 to element 0 of array map @map_fd. Its descriptor or -errno. */
static int load_counting_program(int map_fd, enum uprobe_multi_type type)
{
	/* NOLINTBEGIN(misc-redundant-expression): several of these constants are 0 */
	struct bpf_insn insns[] = {
		/* key 0 on the stack */
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4 },
		/* the map, in two halves */
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map_fd },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		/* not found: skip the addition */
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_1,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	/* NOLINTEND(misc-redundant-expression) */
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	opts.expected_attach_type = (enum bpf_attach_type)type;
	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "self_probe", "Dual BSD/GPL", insns,
			     sizeof(insns) / sizeof(*insns), &opts);
}

int self_probe_open(struct self_probe *p, pid_t pid, enum self_probe_kind kind)
{
	struct own_place own = { .addr = (uintptr_t)self_probed };
	_release_(closep) int exe_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	enum uprobe_multi_type type = kind == SELF_SESSION ? UPROBE_SESSION : UPROBE_MULTI;
	struct uprobe_place place = { 0 };
	struct uprobe_request request = {
		.fd = exe_fd,
		.pid = pid,
		.is_return = kind == SELF_RETURN,
		.places = &place,
		.count = 1,
	};

	*p = (struct self_probe){ .map_fd = -1, .prog_fd = -1, .link_fd = -1 };
	(void)dl_iterate_phdr(find_own_offset, &own);
	if (!own.is_found || exe_fd < 0)
		return -ENOENT;
	p->map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "self_probe", 4, 8, 1, NULL);
	if (p->map_fd < 0)
		return p->map_fd;
	p->prog_fd = load_counting_program(p->map_fd, type);
	if (p->prog_fd < 0)
		return p->prog_fd;
	place.offset = own.offset;
	p->link_fd = uprobe_multi_attach(p->prog_fd, type, &request);
	return p->link_fd < 0 ? p->link_fd : 0;
}

void self_probe_done(struct self_probe *p)
{
	closep(&p->link_fd);
	closep(&p->prog_fd);
	closep(&p->map_fd);
}

uint64_t self_probe_count(const struct self_probe *p)
{
	uint64_t count = 0;
	uint32_t key = 0;

	return bpf_map_lookup_elem(p->map_fd, &key, &count) ? 0 : count;
}
