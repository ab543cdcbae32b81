/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What V8 13.6 (node 24) exports of itself, for a program that pretends to be it: of v8dbg_* those
 * that a reader of names asks for; one that asks for more refuses it and says what is missing.
 */
#ifndef TESTS_LIVE_V8_LIAR_H
#define TESTS_LIVE_V8_LIAR_H

#define EXPORT(type, name, value)                                                                  \
	extern type name;                                                                          \
	type name = value;
#define CONSTANT(name, value) EXPORT(int, v8dbg_##name, value)

#ifndef TAGGED_SIZE
#define TAGGED_SIZE 8 /* 4: pointers are compressed, as they are in Chromium */
#endif

/* v8::internal::Version::major_ and so on. */
EXPORT(int, _ZN2v88internal7Version6major_E, 13)
EXPORT(int, _ZN2v88internal7Version6minor_E, 6)
EXPORT(int, _ZN2v88internal7Version6build_E, 233)
EXPORT(int, _ZN2v88internal7Version6patch_E, 17)

CONSTANT(CodeKindBaseline, 10)
CONSTANT(CodeKindFieldMask, 15)
CONSTANT(CodeKindInterpretedFunction, 9)
CONSTANT(ConsStringTag, 1)
CONSTANT(DeoptimizationDataInlinedFunctionCountIndex, 1)
CONSTANT(DeoptimizationDataInliningPositionsIndex, 8)
CONSTANT(DeoptimizationDataLiteralArrayIndex, 3)
CONSTANT(DeoptimizationDataWrappedSharedFunctionInfoIndex, 7)
CONSTANT(ExternalStringTag, 2)
CONSTANT(FirstJSFunctionType, 2065)
CONSTANT(FirstNonstringType, 128)
CONSTANT(HeapObjectTag, 1)
CONSTANT(HeapObjectTagMask, 3)
CONSTANT(LastJSFunctionType, 2081)
CONSTANT(OneByteStringTag, 8)
CONSTANT(SeqStringTag, 0)
CONSTANT(SlicedStringTag, 3)
CONSTANT(SmiShiftSize, 31)
CONSTANT(SmiTag, 0)
CONSTANT(StringEncodingMask, 8)
CONSTANT(StringRepresentationMask, 7)
CONSTANT(TaggedSize, TAGGED_SIZE)
CONSTANT(ThinStringTag, 5)
CONSTANT(class_Code__flags__uint32_t, 52)
CONSTANT(class_Code__instruction_size__int, 56)
CONSTANT(class_Code__instruction_start__Address, 40)
CONSTANT(class_ConsString__first__String, 16)
CONSTANT(class_ConsString__second__String, 24)
CONSTANT(class_ExternalString__resource__Object, 16)
CONSTANT(class_FixedArrayBase__length__SMI, 8)
CONSTANT(class_FixedArray__data__uintptr_t, 16)
CONSTANT(class_HeapObject__map__Map, 0)
CONSTANT(class_InstructionStream__instruction_start__uintptr_t, 32)
CONSTANT(class_JSFunction__shared__SharedFunctionInfo, 32)
CONSTANT(class_Map__instance_type__uint16_t, 12)
CONSTANT(class_Script__line_ends__Object, 56)
CONSTANT(class_Script__name__Object, 16)
CONSTANT(class_Script__source__Object, 8)
CONSTANT(class_SeqOneByteString__chars__char, 16)
CONSTANT(class_SharedFunctionInfoWrapper__shared_info__Tagged_SharedFunctionInfo_, 8)
CONSTANT(class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_, 24)
CONSTANT(class_SharedFunctionInfo__raw_script__Tagged_Object_, 40)
CONSTANT(class_SharedFunctionInfo__script__Tagged_HeapObject_, 40)
CONSTANT(class_SlicedString__offset__SMI, 24)
CONSTANT(class_SlicedString__parent__String, 16)
CONSTANT(class_String__length__int32_t, 12)
CONSTANT(class_ThinString__actual__String, 16)
CONSTANT(class_UncompiledData__inferred_name__String, 8)
CONSTANT(class_UncompiledData__start_position__int32_t, 16)
CONSTANT(off_fp_context_or_frame_type, -8)
CONSTANT(off_fp_function, -16)
CONSTANT(scopeinfo_idx_first_vars, 5)
CONSTANT(scopeinfo_idx_ncontextlocals, 2)
CONSTANT(type_ByteArray__BYTE_ARRAY_TYPE, 217)
CONSTANT(type_Code__CODE_TYPE, 187)
CONSTANT(type_DebugInfo__DEBUG_INFO_TYPE, 154)
CONSTANT(type_FixedArray__FIXED_ARRAY_TYPE, 205)
CONSTANT(type_InstructionStream__INSTRUCTION_STREAM_TYPE, 192)
CONSTANT(type_InterpreterData__INTERPRETER_DATA_TYPE, 188)
CONSTANT(type_JSFunction__JS_FUNCTION_TYPE, 2065)
CONSTANT(type_ProtectedFixedArray__PROTECTED_FIXED_ARRAY_TYPE, 193)
CONSTANT(type_ScopeInfo__SCOPE_INFO_TYPE, 280)
CONSTANT(type_Script__SCRIPT_TYPE, 167)
CONSTANT(type_SharedFunctionInfoWrapper__SHARED_FUNCTION_INFO_WRAPPER_TYPE, 195)
CONSTANT(type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE, 282)
CONSTANT(type_TrustedByteArray__TRUSTED_BYTE_ARRAY_TYPE, 196)
CONSTANT(type_TrustedFixedArray__TRUSTED_FIXED_ARRAY_TYPE, 197)
CONSTANT(type_TrustedWeakFixedArray__TRUSTED_WEAK_FIXED_ARRAY_TYPE, 199)
CONSTANT(type_UncompiledDataWithPreparseData__UNCOMPILED_DATA_WITH_PREPARSE_DATA_TYPE, 175)
CONSTANT(
	type_UncompiledDataWithoutPreparseDataWithJob__UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_WITH_JOB_TYPE,
	178)
CONSTANT(type_WeakFixedArray__WEAK_FIXED_ARRAY_TYPE, 256)

#endif
