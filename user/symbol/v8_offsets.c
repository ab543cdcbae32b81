// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The table of constants: what each is called by which release, and what it is where a release
 * does not export it. docs/v8-internals.md tells where the numbers come from.
 */
#include "symbol/v8_offsets.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Releases whose objects are laid out alike. */
enum generation {
	V10, /* 10.2: node 18 */
	V11, /* 11.3: node 20 */
	V12, /* 12.4: node 22 */
	V13, /* 13.6: node 24 */
	V14, /* 14.1: node 25 */
	GENERATIONS
};

#define NAMES	 4
#define MISSING	 INT32_MAX /* a release that must export it */
#define NONE	 V8_NONE

#define FIELD(f) offsetof(struct v8_offsets, f)
/* One value for each generation: too few would leave zeros. */
#define EACH(v10, v11, v12, v13, v14)                                                              \
	{                                                                                          \
		v10, v11, v12, v13, v14                                                            \
	}
#define ALL(v) EACH(v, v, v, v, v)
#define MUST   ALL(MISSING)

struct row {
	size_t field;
	int32_t otherwise[GENERATIONS]; /* when no name is exported */
	const char *names[NAMES];
};

static const struct row rows[] = {
	{ FIELD(heap_object_tag), MUST, { "HeapObjectTag" } },
	{ FIELD(heap_object_tag_mask), MUST, { "HeapObjectTagMask" } },
	{ FIELD(smi_shift_size), MUST, { "SmiShiftSize" } },
	{ FIELD(smi_tag), MUST, { "SmiTag" } },
	{ FIELD(tagged_size), MUST, { "TaggedSize" } },
	{ FIELD(fp_marker), ALL(-8), { "off_fp_context_or_frame_type" } },
	{ FIELD(fp_function), MUST, { "off_fp_function" } },
	{ FIELD(object_map), ALL(0), { "class_HeapObject__map__Map" } },
	{ FIELD(map_instance_type), MUST, { "class_Map__instance_type__uint16_t" } },
	{ FIELD(map_instance_size), ALL(8), { "class_Map__instance_size_in_words__char" } },
	{ FIELD(map_prototype), ALL(24), { "class_Map__prototype__Object" } },
	{ FIELD(function_prototype),
	  ALL(56),
	  { "class_JSFunction__prototype_or_initial_map__HeapObject",
	    "class_JSFunction__prototype_or_initial_map__Tagged_HeapObject_" } },
	{ FIELD(function_shared), MUST, { "class_JSFunction__shared__SharedFunctionInfo" } },
	{ FIELD(shared_data),
	  EACH(8, 8, 8, 8, 8),
	  { "class_SharedFunctionInfo__function_data__Object" } },
	{ FIELD(shared_builtin), EACH(8, 8, 8, 16, 16), { NULL } },
	{ FIELD(shared_name),
	  MUST,
	  { "class_SharedFunctionInfo__name_or_scope_info__Object",
	    "class_SharedFunctionInfo__name_or_scope_info__Tagged_Object_",
	    "class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_" } },
	{ FIELD(shared_script),
	  MUST,
	  { "class_SharedFunctionInfo__script_or_debug_info__HeapObject",
	    "class_SharedFunctionInfo__script__Tagged_HeapObject_",
	    "class_SharedFunctionInfo__raw_script__Tagged_Object_" } },
	{ FIELD(debug_script), ALL(24), { NULL } },
	{ FIELD(uncompiled_name), ALL(8), { "class_UncompiledData__inferred_name__String" } },
	{ FIELD(uncompiled_start), ALL(16), { "class_UncompiledData__start_position__int32_t" } },
	{ FIELD(scope_first_local), EACH(3, 3, 3, 5, 5), { "scopeinfo_idx_first_vars" } },
	{ FIELD(scope_local_count), ALL(2), { "scopeinfo_idx_ncontextlocals" } },
	{ FIELD(scope_function_type), EACH(2, 2, 2, 4, 4), { NULL } },
	{ FIELD(script_source), MUST, { "class_Script__source__Object" } },
	{ FIELD(script_name), MUST, { "class_Script__name__Object" } },
	{ FIELD(script_line_ends), MUST, { "class_Script__line_ends__Object" } },
	{ FIELD(script_id), ALL(64), { NULL } },
	{ FIELD(script_line_offset), ALL(24), { NULL } },
	{ FIELD(script_column_offset), ALL(32), { NULL } },
	{ FIELD(script_source_url), EACH(104, 112, 112, 112, 112), { NULL } },
	{ FIELD(array_length), MUST, { "class_FixedArrayBase__length__SMI" } },
	{ FIELD(array_data), MUST, { "class_FixedArray__data__uintptr_t" } },

	{ FIELD(string_length), MUST, { "class_String__length__int32_t" } },
	{ FIELD(string_chars), MUST, { "class_SeqOneByteString__chars__char" } },
	{ FIELD(string_resource), MUST, { "class_ExternalString__resource__Object" } },
	{ FIELD(string_data), ALL(24), { NULL } },
	{ FIELD(cons_first), MUST, { "class_ConsString__first__String" } },
	{ FIELD(cons_second), MUST, { "class_ConsString__second__String" } },
	{ FIELD(sliced_parent), MUST, { "class_SlicedString__parent__String" } },
	{ FIELD(sliced_offset), MUST, { "class_SlicedString__offset__SMI" } },
	{ FIELD(thin_actual), MUST, { "class_ThinString__actual__String" } },
	{ FIELD(string_limit), MUST, { "FirstNonstringType" } },
	{ FIELD(representation_mask), MUST, { "StringRepresentationMask" } },
	{ FIELD(seq_tag), MUST, { "SeqStringTag" } },
	{ FIELD(cons_tag), MUST, { "ConsStringTag" } },
	{ FIELD(external_tag), MUST, { "ExternalStringTag" } },
	{ FIELD(sliced_tag), MUST, { "SlicedStringTag" } },
	{ FIELD(thin_tag), MUST, { "ThinStringTag" } },
	{ FIELD(encoding_mask), MUST, { "StringEncodingMask" } },
	{ FIELD(one_byte_tag), MUST, { "OneByteStringTag" } },

	{ FIELD(stream_code), EACH(NONE, 8, 8, 8, 8), { NULL } },
	{ FIELD(stream_header),
	  MUST,
	  { "class_InstructionStream__instruction_start__uintptr_t",
	    "class_Code__instruction_start__uintptr_t" } },
	{ FIELD(code_deopt),
	  EACH(16, 16, 8, 8, 8),
	  { "class_Code__deoptimization_data__FixedArray" } },
	{ FIELD(code_positions),
	  EACH(24, 24, 16, 16, 16),
	  { "class_Code__source_position_table__ByteArray" } },
	{ FIELD(code_start),
	  EACH(NONE, 40, MISSING, MISSING, MISSING),
	  { "class_Code__instruction_start__Address" } },
	{ FIELD(code_size),
	  EACH(MISSING, 56, MISSING, MISSING, MISSING),
	  { "class_Code__instruction_size__int" } },
	{ FIELD(code_flags),
	  EACH(MISSING, 48, MISSING, MISSING, MISSING),
	  { "class_Code__flags__uint32_t" } },
	{ FIELD(kind_mask), MUST, { "CodeKindFieldMask" } },
	{ FIELD(kind_interpreted), MUST, { "CodeKindInterpretedFunction" } },
	{ FIELD(kind_baseline), MUST, { "CodeKindBaseline" } },
	{ FIELD(kind_maglev), EACH(12, 12, 11, 11, 11), { NULL } },
	{ FIELD(kind_turbofan), EACH(13, 13, 12, 12, 12), { NULL } },
	{ FIELD(kind_builtin), ALL(2), { NULL } },
	{ FIELD(kind_regexp), ALL(3), { NULL } },
	{ FIELD(kind_wasm), ALL(4), { NULL } },
	{ FIELD(position_shift), EACH(0, 0, 0, 0, 1), { NULL } },
	{ FIELD(deopt_inlined_count),
	  EACH(1, 1, MISSING, MISSING, MISSING),
	  { "DeoptimizationDataInlinedFunctionCountIndex" } },
	{ FIELD(deopt_literals),
	  EACH(2, 2, MISSING, MISSING, MISSING),
	  { "DeoptimizationDataLiteralArrayIndex" } },
	{ FIELD(deopt_shared),
	  EACH(6, 6, MISSING, MISSING, MISSING),
	  { "DeoptimizationDataWrappedSharedFunctionInfoIndex",
	    "DeoptimizationDataSharedFunctionInfoIndex" } },
	{ FIELD(deopt_inlinings),
	  EACH(7, 7, MISSING, MISSING, MISSING),
	  { "DeoptimizationDataInliningPositionsIndex" } },
	{ FIELD(wrapper_shared),
	  EACH(NONE, NONE, NONE, 8, 8),
	  { "class_SharedFunctionInfoWrapper__shared_info__Tagged_SharedFunctionInfo_" } },

	{ FIELD(type_function_first),
	  MUST,
	  { "FirstJSFunctionType", "type_JSFunction__JS_FUNCTION_TYPE" } },
	{ FIELD(type_function_last),
	  EACH(2080, 2081, MISSING, MISSING, MISSING),
	  { "LastJSFunctionType" } },
	{ FIELD(type_shared), MUST, { "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE" } },
	{ FIELD(type_scope), MUST, { "type_ScopeInfo__SCOPE_INFO_TYPE" } },
	{ FIELD(type_script), MUST, { "type_Script__SCRIPT_TYPE" } },
	{ FIELD(type_code), MUST, { "type_Code__CODE_TYPE" } },
	{ FIELD(type_stream),
	  EACH(NONE, MISSING, MISSING, MISSING, MISSING),
	  { "type_InstructionStream__INSTRUCTION_STREAM_TYPE" } },
	{ FIELD(type_uncompiled_first),
	  MUST,
	  { "type_UncompiledDataWithPreparseData__UNCOMPILED_DATA_WITH_PREPARSE_DATA_TYPE" } },
	{ FIELD(type_uncompiled_last),
	  MUST,
	  { "type_UncompiledDataWithoutPreparseDataWithJob__"
	    "UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_WITH_JOB_TYPE" } },
	{ FIELD(interpreter_code), ALL(16), { NULL } },
	{ FIELD(type_debug_info), MUST, { "type_DebugInfo__DEBUG_INFO_TYPE" } },
	{ FIELD(type_interpreter_data), MUST, { "type_InterpreterData__INTERPRETER_DATA_TYPE" } },
	{ FIELD(type_wrapper),
	  EACH(NONE, NONE, NONE, MISSING, MISSING),
	  { "type_SharedFunctionInfoWrapper__SHARED_FUNCTION_INFO_WRAPPER_TYPE" } },
	{ FIELD(type_bytes), MUST, { "type_ByteArray__BYTE_ARRAY_TYPE" } },
	{ FIELD(type_trusted_bytes),
	  EACH(NONE, NONE, MISSING, MISSING, MISSING),
	  { "type_TrustedByteArray__TRUSTED_BYTE_ARRAY_TYPE" } },
	{ FIELD(type_array), MUST, { "type_FixedArray__FIXED_ARRAY_TYPE" } },
	{ FIELD(type_trusted_array),
	  EACH(NONE, NONE, MISSING, MISSING, MISSING),
	  { "type_TrustedFixedArray__TRUSTED_FIXED_ARRAY_TYPE" } },
	{ FIELD(type_protected_array),
	  EACH(NONE, NONE, MISSING, MISSING, MISSING),
	  { "type_ProtectedFixedArray__PROTECTED_FIXED_ARRAY_TYPE" } },
	{ FIELD(type_weak_array), MUST, { "type_WeakFixedArray__WEAK_FIXED_ARRAY_TYPE" } },
	{ FIELD(type_trusted_weak_array),
	  EACH(NONE, NONE, NONE, MISSING, MISSING),
	  { "type_TrustedWeakFixedArray__TRUSTED_WEAK_FIXED_ARRAY_TYPE" } },

	{ FIELD(type_map), EACH(250, 255, 264, 272, 276), { "type_Map__MAP_TYPE" } },
	{ FIELD(type_symbol), ALL(128), { "type_Symbol__SYMBOL_TYPE" } },
	{ FIELD(type_bigint), ALL(129), { NULL } },
	{ FIELD(type_number), ALL(130), { "type_HeapNumber__HEAP_NUMBER_TYPE" } },
	{ FIELD(type_filler), EACH(246, 250, 259, 267, 270), { NULL } },
	{ FIELD(type_free), EACH(247, 251, 260, 268, 271), { "type_FreeSpace__FREE_SPACE_TYPE" } },
	{ FIELD(type_doubles),
	  EACH(196, 192, 188, 218, 219),
	  { "type_FixedDoubleArray__FIXED_DOUBLE_ARRAY_TYPE" } },
	{ FIELD(type_property_array),
	  EACH(254, 259, 269, 277, 281),
	  { "type_PropertyArray__PROPERTY_ARRAY_TYPE" } },
	{ FIELD(type_weak_list),
	  EACH(264, 274, 287, 295, 298),
	  { "type_WeakArrayList__WEAK_ARRAY_LIST_TYPE" } },
	{ FIELD(type_bytecode),
	  EACH(195, 191, 205, 186, 184),
	  { "type_BytecodeArray__BYTECODE_ARRAY_TYPE" } },
	{ FIELD(type_embedder_array),
	  EACH(243, 247, 256, 264, 267),
	  { "type_EmbedderDataArray__EMBEDDER_DATA_ARRAY_TYPE" } },
	{ FIELD(type_descriptors_first),
	  EACH(233, 236, 241, 252, 253),
	  { "type_DescriptorArray__DESCRIPTOR_ARRAY_TYPE" } },
	{ FIELD(type_descriptors_last),
	  EACH(234, 237, 242, 253, 254),
	  { "type_StrongDescriptorArray__STRONG_DESCRIPTOR_ARRAY_TYPE" } },
	{ FIELD(type_context_first), EACH(207, 205, 190, 220, 221), { "FirstContextType" } },
	{ FIELD(type_context_last), EACH(216, 214, 199, 229, 230), { "LastContextType" } },
	{ FIELD(type_proxy), EACH(268, 278, 291, 299, 302), { "type_JSProxy__JS_PROXY_TYPE" } },
	{ FIELD(type_array_buffer),
	  EACH(2061, 2062, 2062, 2062, 2062),
	  { "type_JSArrayBuffer__JS_ARRAY_BUFFER_TYPE" } },
	{ FIELD(type_typed_array),
	  EACH(2060, 2061, 2061, 2061, 2061),
	  { "type_JSTypedArray__JS_TYPED_ARRAY_TYPE" } },
	{ FIELD(type_regexp),
	  EACH(2120, 2131, 2133, 2137, 2137),
	  { "type_JSRegExp__JS_REG_EXP_TYPE" } },
	{ FIELD(descriptors_header),
	  EACH(24, 24, 24, 24, 32),
	  { "class_DescriptorArray__header_size__uintptr_t" } },
	{ FIELD(bytecode_header),
	  EACH(56, 54, 64, 64, 64),
	  { "class_BytecodeArray__data__uintptr_t" } },
};

static int32_t *field_of(struct v8_offsets *offsets, const struct row *row)
{
	return (int32_t *)((char *)offsets + row->field);
}

static const struct v8_constant *find(const struct v8_constants *constants, const char *name)
{
	for (size_t i = 0; i < constants->len; i++) {
		if (strcmp(constants->at[i].name, name) == 0)
			return &constants->at[i];
	}
	return NULL;
}

static int32_t value_of(const struct v8_constants *constants, const struct row *row,
			enum generation generation)
{
	for (size_t i = 0; i < NAMES && row->names[i]; i++) {
		const struct v8_constant *c = find(constants, row->names[i]);

		if (c)
			return c->value;
	}
	return row->otherwise[generation];
}

bool v8_offsets_wants(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < NAMES && rows[i].names[k]; k++) {
			if (strcmp(rows[i].names[k], name) == 0)
				return true;
		}
	}
	return false;
}

/* Releases between these, which node never kept for long, are laid out in ways of their own. */
static int generation_of(const struct v8_version *v, enum generation *ret_generation)
{
	static const struct v8_version known[GENERATIONS] = {
		[V10] = { 10, 2, 0, 0 }, [V11] = { 11, 3, 0, 0 }, [V12] = { 12, 4, 0, 0 },
		[V13] = { 13, 6, 0, 0 }, [V14] = { 14, 1, 0, 0 },
	};

	for (enum generation g = 0; g < GENERATIONS; g++) {
		if (v->major == known[g].major && v->minor == known[g].minor) {
			*ret_generation = g;
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

__attribute__((format(printf, 2, 3))) static int refuse(char *refusal, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(refusal, V8_REFUSAL_MAX, format, args);
	va_end(args);
	return -EOPNOTSUPP;
}

/* Constants are of another process, and an honest one has none of these. */
static bool is_sane(const struct v8_offsets *o)
{
	return o->stream_header >= 16 && o->stream_header <= 256 && o->scope_first_local >= 3 &&
	       o->scope_first_local <= 8 && o->array_data >= 0 && o->array_data <= 64 &&
	       o->scope_local_count >= 0 && o->scope_local_count < o->scope_first_local &&
	       o->type_function_first > 0 && o->type_function_first <= o->type_function_last &&
	       o->type_function_last <= UINT16_MAX && o->type_shared > 0 &&
	       o->type_shared <= UINT16_MAX && o->fp_function >= -64 && o->fp_marker >= -64 &&
	       o->fp_function < 64 && o->fp_marker < 64;
}

static int check(const struct v8_offsets *o, char *refusal)
{
	if (o->tagged_size != 8)
		return refuse(refusal, "V8 is built with compressed pointers of %d bytes",
			      o->tagged_size);
	if (o->smi_shift_size != 31 || o->smi_tag != 0)
		return refuse(refusal, "V8 is built with small integers shifted by %d bits",
			      o->smi_shift_size);
	if (o->heap_object_tag != 1 || o->heap_object_tag_mask != 3)
		return refuse(refusal, "V8 marks pointers to objects with %d instead of 1",
			      o->heap_object_tag);
	if (!is_sane(o))
		return refuse(refusal, "V8's own constants make no sense");
	return 0;
}

int v8_offsets_fill(const struct v8_constants *constants, const struct v8_version *version,
		    struct v8_offsets *ret_offsets, char *refusal)
{
	enum generation generation;

	if (generation_of(version, &generation))
		return refuse(refusal, "V8 %u.%u is not known: 10.2, 11.3, 12.4, 13.6 and 14.1 are",
			      version->major, version->minor);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int32_t value = value_of(constants, &rows[i], generation);

		if (value == MISSING)
			return refuse(refusal, "V8 %u.%u does not tell its %.80s", version->major,
				      version->minor, rows[i].names[0]);
		*field_of(ret_offsets, &rows[i]) = value;
	}
	return check(ret_offsets, refusal);
}
