// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { Digest } = require("./lib.js")("digest.js");

/** The same with numbers of any size. */
function fnv1a(bytes) {
	let digest = 0xcbf29ce484222325n;
	for (const byte of bytes) digest = ((digest ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
	return digest.toString(16).padStart(16, "0");
}

test("it is FNV-1a with 64 bits", () => {
	assert.equal(new Digest().hex(), "cbf29ce484222325");
	assert.equal(new Digest().text("a").hex(), "af63dc4c8601ec8c");
	assert.equal(new Digest().text("foobar").hex(), "85944171f73967e8");
	const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3);
	assert.equal(new Digest().bytes(bytes).hex(), fnv1a(bytes));
});

test("pieces give what the whole gives, and a length is kept to", () => {
	assert.equal(new Digest().text("foo").text("bar").hex(), new Digest().text("foobar").hex());
	assert.equal(new Digest().bytes(Buffer.from("foobar!!"), 6).hex(), new Digest().text("foobar").hex());
});
