// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the tests beside this file say: TAP, and one browser for all tests of a file.
"use strict";
const { open, missing } = require("./browser.js");

let count = 0, failed = 0;

function ok(isOk, what, got) {
	count++;
	failed += !isOk;
	console.log(`${isOk ? "ok" : "not ok"} ${count} - ${what}`);
	if (!isOk) console.log("# got: " + JSON.stringify(got));
}

const is = (got, want, what) => ok(got === want, what, got);

// Runs TESTS, a function of a browser context with these SETTINGS, and ends the process.
async function run(settings, tests) {
	if (missing()) {
		console.log("1..0 # SKIP " + missing());
		return;
	}
	const { context, close } = await open(settings);
	try {
		await tests(context);
	} finally {
		await close();
	}
	console.log(`1..${count}`);
	process.exit(failed ? 1 : 0);
}

function main(settings, tests) {
	run(settings, tests).catch(error => {
		console.log("Bail out! " + error.stack.replaceAll("\n", " "));
		process.exit(1);
	});
}

module.exports = { ok, is, main };
