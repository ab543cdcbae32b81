// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Constants, version and builtins of V8 from an ELF file made of the constants of a real one. */
#include "symbol/v8_layout.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"
#include "v8_image.h"

#include <elf.h>

#define DATA_BASE    0x10000ul /* the whole file, then .bss */
#define CODE_BASE    0x800000ul
#define CODE_BYTES   0x20000u
#define FILE_BYTES   0x40000u
#define BSS_BYTES    0x1000u
#define MAX_SYMBOLS  400
#define BLOB_AT	     0x2000u /* in the code */
#define BLOB_BYTES   0x10000u
#define MAJOR_SYMBOL "_ZN2v88internal7Version6major_E"
#define MINOR_SYMBOL "_ZN2v88internal7Version6minor_E"

/* Parts of the file, by offset. */
enum {
	AT_DATA = 0x1000,
	AT_POINTER = 0x3000,
	AT_RELOCATIONS = 0x3100,
	AT_DYNAMIC = 0x3200,
	AT_SYMBOLS = 0x4000,
	AT_STRINGS = 0x8000,
	AT_CODE = 0x20000
};

struct file {
	uint8_t bytes[FILE_BYTES];
	size_t symbols, strings, values, zeros;
};

static void put(struct file *f, size_t at, const void *from, size_t len)
{
	must(at + len <= sizeof(f->bytes));
	memcpy(f->bytes + at, from, len);
}

static void add_symbol(struct file *f, const char *name, uint64_t vaddr, uint8_t type)
{
	Elf64_Sym s = {
		.st_name = (uint32_t)f->strings,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, type),
		.st_shndx = 1,
		.st_value = vaddr,
		.st_size = 4,
	};

	must(f->symbols < MAX_SYMBOLS);
	put(f, AT_SYMBOLS + f->symbols++ * sizeof(s), &s, sizeof(s));
	put(f, AT_STRINGS + f->strings, name, strlen(name) + 1);
	f->strings += strlen(name) + 1;
}

/* A zero has no bytes in the file: V8 leaves such constants to .bss. */
static void add_value(struct file *f, const char *name, int32_t value)
{
	uint64_t vaddr = value ? DATA_BASE + AT_DATA + 4 * f->values++
			       : DATA_BASE + FILE_BYTES + 4 * f->zeros++;

	if (value)
		put(f, vaddr - DATA_BASE, &value, sizeof(value));
	add_symbol(f, name, vaddr, STT_OBJECT);
}

static void finish(struct file *f)
{
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
		.e_phoff = 0x100,
		.e_phnum = 3,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_shoff = 0x200,
		.e_shnum = 3,
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	Elf64_Phdr segments[] = {
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_W,
		  .p_vaddr = DATA_BASE,
		  .p_filesz = FILE_BYTES,
		  .p_memsz = FILE_BYTES + BSS_BYTES },
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_X,
		  .p_offset = AT_CODE,
		  .p_vaddr = CODE_BASE,
		  .p_filesz = CODE_BYTES,
		  .p_memsz = CODE_BYTES },
		{ .p_type = PT_DYNAMIC,
		  .p_offset = AT_DYNAMIC,
		  .p_vaddr = DATA_BASE + AT_DYNAMIC,
		  .p_filesz = 3 * sizeof(Elf64_Dyn),
		  .p_memsz = 3 * sizeof(Elf64_Dyn) },
	};
	/* The loader stores the address of the builtins in the first word. */
	const Elf64_Rela relocation = { .r_offset = DATA_BASE + AT_POINTER,
					.r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE),
					.r_addend = CODE_BASE + BLOB_AT };
	const Elf64_Dyn dynamic[] = {
		{ .d_tag = DT_RELA, .d_un.d_ptr = DATA_BASE + AT_RELOCATIONS },
		{ .d_tag = DT_RELASZ, .d_un.d_val = sizeof(relocation) },
		{ .d_tag = DT_NULL },
	};
	const uint32_t blob_bytes = BLOB_BYTES;
	Elf64_Shdr sections[3] = {
		{ .sh_type = SHT_NULL },
		{ .sh_type = SHT_DYNSYM,
		  .sh_offset = AT_SYMBOLS,
		  .sh_size = f->symbols * sizeof(Elf64_Sym),
		  .sh_entsize = sizeof(Elf64_Sym),
		  .sh_link = 2 },
		{ .sh_type = SHT_STRTAB, .sh_offset = AT_STRINGS, .sh_size = f->strings },
	};

	put(f, 0, &header, sizeof(header));
	put(f, 0x100, segments, sizeof(segments));
	put(f, 0x200, sections, sizeof(sections));
	put(f, AT_RELOCATIONS, &relocation, sizeof(relocation));
	put(f, AT_DYNAMIC, dynamic, sizeof(dynamic));
	put(f, AT_POINTER + 0x10, &blob_bytes, sizeof(blob_bytes));
}

/* What is different about a file, besides the constants of node 20. */
struct change {
	const char *name; /* a constant, "" none */
	int32_t value;
	bool is_missing;
	uint32_t major, minor; /* 0: as it is */
	int want;
	const char *refusal; /* a part of it */
};

static void build(struct file *f, const struct v8_image *image, const struct change *c)
{
	const struct v8_version *v = &image->layout.version;

	*f = (struct file){ .symbols = 1, .strings = 1 };
	for (size_t i = 0; i < image->constant_count; i++) {
		const struct v8_constant *constant = &image->constants[i];
		bool is_changed = strcmp(constant->name, c->name) == 0;
		char name[256];

		(void)snprintf(name, sizeof(name), "v8dbg_%s", constant->name);
		if (!is_changed || !c->is_missing)
			add_value(f, name, is_changed ? c->value : constant->value);
	}
	add_value(f, MAJOR_SYMBOL, (int32_t)(c->major ? c->major : v->major));
	add_value(f, MINOR_SYMBOL, (int32_t)(c->major ? c->minor : v->minor));
	add_symbol(f, "v8_Default_embedded_blob_code_", CODE_BASE + BLOB_AT, STT_NOTYPE);
	add_value(f, "v8_Default_embedded_blob_code_size_", BLOB_BYTES);
	add_symbol(f, "Builtins_Second", CODE_BASE + BLOB_AT + 0x400, STT_FUNC);
	add_symbol(f, "Builtins_First\x1b", CODE_BASE + BLOB_AT, STT_FUNC);
	add_symbol(f, "Builtins_Outside", CODE_BASE, STT_FUNC);
	add_symbol(f, "Builtins_", CODE_BASE + BLOB_AT + 0x800, STT_FUNC);
	finish(f);
}

static int read_layout(const struct file *f, struct v8_layout *layout)
{
	struct bytes bytes = { f->bytes, sizeof(f->bytes) };
	struct elf elf;
	uint64_t offset;

	must(!elf_open(&elf, reader_of_bytes(&bytes), &offset));
	return v8_layout_read(&elf, layout);
}

static const struct change as_it_is = { .name = "" };

static const struct change changes[] = {
	{ "TaggedSize", 4, .want = -EOPNOTSUPP, .refusal = "compressed pointers of 4" },
	{ "SmiShiftSize", 0, .want = -EOPNOTSUPP, .refusal = "small integers shifted by 0" },
	{ "SmiTag", 1, .want = -EOPNOTSUPP, .refusal = "small integers" },
	{ "HeapObjectTag", 3, .want = -EOPNOTSUPP, .refusal = "marks pointers to objects with 3" },
	{ "HeapObjectTag", 0, .want = -EOPNOTSUPP, .refusal = "with 0" },
	{ "off_fp_function", 1 << 20, .want = -EOPNOTSUPP, .refusal = "make no sense" },
	{ "class_JSFunction__shared__SharedFunctionInfo", .is_missing = true, .want = -EOPNOTSUPP,
	  .refusal = "does not tell its class_JSFunction__shared" },
	{ "class_Code__deoptimization_data__FixedArray", .is_missing = true },
	{ "", .major = 9, .minor = 4, .want = -EOPNOTSUPP, .refusal = "V8 9.4 is not known" },
	{ "", .major = 10, .minor = 1, .want = -EOPNOTSUPP, .refusal = "V8 10.1" },
	{ "", .major = 11, .minor = 8, .want = -EOPNOTSUPP, .refusal = "V8 11.8" },
	{ "", .major = 15, .minor = 2, .want = -EOPNOTSUPP, .refusal = "V8 15.2" },
};

static void test_changes(struct file *f, const struct v8_image *image)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];
		struct v8_layout layout;

		build(f, image, c);
		is_int(read_layout(f, &layout), c->want, "%s %u.%u", c->name, c->major, c->minor);
		ok(strstr(layout.refusal, c->refusal ? c->refusal : ""), "and why: %s",
		   layout.refusal);
		is_int(layout.builtins_end - layout.builtins_start, BLOB_BYTES,
		       "the range of builtins is known all the same");
		v8_layout_done(&layout);
	}
}

static void test_whole(struct file *f, const struct v8_image *image)
{
	const uint64_t blob = CODE_BASE + BLOB_AT;
	struct v8_layout l;

	build(f, image, &as_it_is);
	must(!read_layout(f, &l));
	ok(memcmp(l.offsets, &image->offsets, sizeof(image->offsets)) == 0,
	   "the constants of a process are those of its file");
	is_int(l.version.major, 11, "V8 11");
	is_int(l.walk.marker_slot, -8, "marker slot");
	is_int(l.walk.function_slot, -16, "function slot");
	is_int(l.walk.function_shared, 24, "JSFunction.shared");
	is_int(l.walk.map_instance_type, 12, "Map.instance_type");
	is_int(l.walk.function_type_min, 2066, "first type of functions");
	is_int(l.walk.function_type_max, 2081, "last type of functions");
	is_int(l.walk.shared_type, 262, "type of SharedFunctionInfo");
	is_int(l.walk.heap_tag, 1, "tag");
	is_int(l.builtins_start, blob, "builtins start");
	is_int(l.builtins_end, blob + BLOB_BYTES, "builtins end");
	is_int(l.builtin_count, 2, "those outside are left out");
	is_text(l.builtins[0].name, "First\\x1b", "in order, with clean names");
	is_int(l.builtins[0].size, 0x400, "up to the next one");
	ok(v8_layout_builtin(&l, blob + 0x3ff) == &l.builtins[0], "last byte of the first");
	ok(v8_layout_builtin(&l, blob + 0x400) == &l.builtins[1], "first byte of the second");
	ok(v8_layout_builtin(&l, blob + BLOB_BYTES - 1) == &l.builtins[1], "last byte of all");
	ok(!v8_layout_builtin(&l, blob + BLOB_BYTES), "behind all");
	ok(!v8_layout_builtin(&l, blob - 1), "before all");
	v8_layout_done(&l);
}

static void test_none(struct file *f)
{
	struct v8_layout l;

	*f = (struct file){ .symbols = 1, .strings = 1 };
	add_value(f, "v8dbg_TaggedSize", 8);
	finish(f);
	is_int(read_layout(f, &l), -ENODATA, "one name does not make it V8");
	v8_layout_done(&l);
}

/* The functions of a stripped library that tell where the builtins are, as compilers write them. */
static const struct getter {
	const char *what;
	uint8_t code[12], size[12];
	bool is_found;
} getters[] = {
	{ "constants", { 0xb8, 0, 0x20, 0x80, 0, 0xc3 }, { 0xb8, 0, 0, 1, 0, 0xc3 }, true },
	{ "a load of the size",
	  { 0x48, 0x8d, 0x05, 0xf9, 0x0f, 0, 0, 0xc3 },
	  { 0x8b, 0x05, 0xfa, 0xfe, 0x81, 0xff, 0xc3 },
	  false },
	{ "lea", { 0x48, 0x8d, 0x05, 0xf9, 0x0f, 0, 0, 0xc3 }, { 0xb8, 0, 0, 1, 0, 0xc3 }, true },
	{ "outside of the code", { 0xb8, 0, 0, 0, 0x7f, 0xc3 }, { 0xb8, 0, 0, 1, 0, 0xc3 }, false },
	{ "too small", { 0xb8, 0, 0x20, 0x80, 0, 0xc3 }, { 0xb8, 1, 0, 0, 0, 0xc3 }, false },
	{ "a pointer that the loader sets",
	  { 0x48, 0x8d, 0x05, 0xf9, 0x1f, 0x81, 0xff, 0x48, 0x8b, 0x00, 0xc3 },
	  { 0x48, 0x8d, 0x05, 0x09, 0x1f, 0x81, 0xff, 0x8b, 0x00, 0xc3 },
	  true },
	{ "something else", { 0x55 }, { 0x55 }, false },
};

static void test_getters(struct file *f, const struct v8_image *image)
{
	for (size_t i = 0; i < sizeof(getters) / sizeof(getters[0]); i++) {
		const struct getter *g = &getters[i];
		struct v8_layout l;

		build(f, image, &as_it_is);
		f->symbols -= 6; /* back to the version */
		add_symbol(f, "_ZN2v88internal23DefaultEmbeddedBlobCodeEv", CODE_BASE + 0x1000,
			   STT_FUNC);
		add_symbol(f, "_ZN2v88internal27DefaultEmbeddedBlobCodeSizeEv", CODE_BASE + 0x1100,
			   STT_FUNC);
		put(f, AT_CODE + 0x1000, g->code, sizeof(g->code));
		put(f, AT_CODE + 0x1100, g->size, sizeof(g->size));
		finish(f);
		is_int(read_layout(f, &l), 0, "stripped: %s", g->what);
		is_int(l.builtins_start, g->is_found ? CODE_BASE + BLOB_AT : 0, "start: %s",
		       g->what);
		is_int(l.builtins_end, g->is_found ? CODE_BASE + BLOB_AT + BLOB_BYTES : 0,
		       "end: %s", g->what);
		v8_layout_done(&l);
	}
}

static void test_failing_allocations(struct file *f, const struct v8_image *image)
{
	bool is_hit = true, is_fine = true;

	build(f, image, &as_it_is);
	for (size_t n = 1; is_hit && is_fine; n++) {
		struct v8_layout l;
		int err;

		failing_alloc_start(n);
		err = read_layout(f, &l);
		is_hit = failing_alloc_stop();
		is_fine = err == (is_hit ? -ENOMEM : 0);
		v8_layout_done(&l);
	}
	ok(is_fine, "any allocation may fail");
}

int main(void)
{
	static struct v8_image image;
	static struct file f;
	static uint8_t bytes[1 << 18];
	_release_(fclosep) FILE *from = fopen("tests/corpus/v8/node-20", "re");

	must(from);
	must(!v8_image_open(&image, (struct bytes){ bytes, fread(bytes, 1, sizeof(bytes), from) }));
	test_whole(&f, &image);
	test_changes(&f, &image);
	test_none(&f);
	test_getters(&f, &image);
	test_failing_allocations(&f, &image);
	return tap_done();
}
