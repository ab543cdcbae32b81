/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The constants of one release of V8 that the decoder needs: offsets in bytes from the start of an
 * object, indices of words, instance types. V8_NONE: this release has no such thing.
 */
#ifndef SYMBOL_V8_OFFSETS_H
#define SYMBOL_V8_OFFSETS_H

#include "symbol/v8_layout.h"

#define V8_NONE INT32_MIN

struct v8_offsets {
	/* what the process must be like */
	int32_t heap_object_tag, heap_object_tag_mask, smi_shift_size, smi_tag, tagged_size;
	/* frames */
	int32_t fp_marker, fp_function;
	/* objects */
	int32_t object_map, map_instance_type;
	int32_t map_instance_size; /* a byte, words; 0: an object tells itself how long it is */
	int32_t map_prototype;
	int32_t function_prototype; /* JSFunction: a prototype, or a Map that has it */
	int32_t function_shared;
	int32_t shared_data;	 /* SharedFunctionInfo: bytecode, Code, data of an uncompiled one */
	int32_t shared_builtin;	 /* where a builtin has its number, a Smi */
	int32_t shared_name;	 /* a String or a ScopeInfo */
	int32_t shared_script;	 /* a Script, or what has one (DebugInfo) */
	int32_t debug_script;	 /* DebugInfo: the Script of a function that is being looked at */
	int32_t uncompiled_name; /* inferred, of an uncompiled function */
	int32_t uncompiled_start;    /* 32 bits */
	int32_t scope_first_local;   /* index of a slot behind the map */
	int32_t scope_local_count;   /* index of a slot */
	int32_t scope_function_type; /* kind of the scope of a function; V8_NONE: see scope_kind */
	int32_t script_source, script_name, script_line_ends, script_id;
	int32_t script_line_offset, script_column_offset, script_source_url;
	int32_t array_length, array_data; /* of arrays of all kinds, bytes too */
	/* strings */
	int32_t string_length, string_chars, string_resource, string_data;
	int32_t cons_first, cons_second, sliced_parent, sliced_offset, thin_actual;
	int32_t string_limit; /* first instance type that is none */
	int32_t representation_mask, seq_tag, cons_tag, external_tag, sliced_tag, thin_tag;
	int32_t encoding_mask, one_byte_tag;
	/* code */
	int32_t stream_code;	/* InstructionStream: its Code; V8_NONE: it is the Code itself */
	int32_t stream_header;	/* bytes before the first instruction */
	int32_t code_deopt;	/* deoptimization data */
	int32_t code_positions; /* source position table */
	int32_t code_start;	/* address of the first instruction; V8_NONE: behind the header */
	int32_t code_size, code_flags;
	int32_t kind_mask, kind_interpreted, kind_baseline, kind_maglev, kind_turbofan;
	int32_t kind_builtin, kind_regexp, kind_wasm;
	int32_t interpreter_code; /* InterpreterData: a function's own copy of the interpreter's
				     entry */
	int32_t position_shift;	  /* of differences of code offsets: the lowest bit is a flag */
	int32_t deopt_inlined_count, deopt_literals, deopt_shared, deopt_inlinings; /* indices */
	int32_t wrapper_shared; /* SharedFunctionInfo in its wrapper; V8_NONE: it has none */
	/* instance types */
	int32_t type_function_first, type_function_last;
	int32_t type_shared, type_scope, type_script, type_code, type_stream;
	int32_t type_uncompiled_first, type_uncompiled_last;
	int32_t type_debug_info, type_interpreter_data, type_wrapper;
	int32_t type_bytes, type_trusted_bytes;
	int32_t type_array, type_trusted_array, type_protected_array;
	int32_t type_weak_array, type_trusted_weak_array;
	/* of objects that are only counted (symbol/v8_walk.h) */
	int32_t type_map, type_symbol, type_bigint, type_number, type_filler, type_free;
	int32_t type_doubles, type_property_array, type_weak_list, type_bytecode;
	int32_t type_embedder_array;
	int32_t type_descriptors_first, type_descriptors_last;
	int32_t type_context_first, type_context_last;
	int32_t type_proxy; /* the first of objects of JavaScript */
	int32_t type_regexp, type_array_buffer, type_typed_array;
	int32_t descriptors_header, bytecode_header; /* bytes before their elements */
};

/* A symbol's value, named without its "v8dbg_". */
struct v8_constant {
	const char *name; /* borrowed */
	int32_t value;
};

struct v8_constants { /* a vector */
	struct v8_constant *at;
	size_t len, cap;
};

/* Is the constant of this name, without "v8dbg_", one that v8_offsets_fill looks for? */
bool v8_offsets_wants(const char *name);

/*
 * Fills *ret_offsets from the @constants of the release @version. 0; or -EOPNOTSUPP: the release is
 * not known, a constant that it needs is missing, or the process is built in a way that cannot be
 * read; @refusal (V8_REFUSAL_MAX) says which.
 */
int v8_offsets_fill(const struct v8_constants *constants, const struct v8_version *version,
		    struct v8_offsets *ret_offsets, char *refusal);

#endif
