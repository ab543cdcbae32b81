// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// speedscope.js FILE...: what speedscope's own importer, in headless Chromium, makes of each file. One line of JSON per
// file: {"file", "importer", "title", "rows": [{"name", "total", "self"}], "error"}; rows are those of its table of
// functions ("sandwich" view), as it shows them. Exit status 1 when a file was refused.
import { chromium } from "playwright-core";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const page_of = join(
	dirname(createRequire(import.meta.url).resolve("speedscope/package.json")),
	"dist/release/index.html",
);
const folder = mkdtempSync(join(tmpdir(), "speedscope-"));

// Speedscope takes a local file as a script that calls it with the contents.
function script_of(file) {
	const script = join(folder, `${basename(file)}.js`);
	const base64 = readFileSync(file).toString("base64");
	writeFileSync(script, `speedscope.loadFileFromBase64(${JSON.stringify(basename(file))}, "${base64}")`);
	return script;
}

const rows_of = (page) =>
	page.$$eval("tr", (rows) =>
		rows
			.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent.trim()))
			.filter((cells) => cells.length >= 3 && /%\)$/.test(cells[0]))
			.map(([total, self, name]) => ({ name, total, self })),
	);

async function read(context, file) {
	const page = await context.newPage();
	const result = { file: basename(file), importer: null, title: null, rows: [], error: null };
	page.on("console", (message) => {
		const found = /^Importing as (.*)$/.exec(message.text());
		if (found) result.importer = found[1];
	});
	page.on("pageerror", (error) => (result.error ??= String(error)));
	page.on("dialog", (dialog) => {
		result.error ??= dialog.message();
		dialog.dismiss();
	});
	await page.goto(`file://${page_of}#localProfilePath=${encodeURI(script_of(file))}`);
	for (let i = 0; i < 300 && !result.error && !/ - speedscope$/.test(result.title ?? ""); i++) {
		await page.waitForTimeout(50);
		result.title = await page.title();
	}
	if (!/ - speedscope$/.test(result.title)) result.error ??= "not loaded within 15 s";
	if (!result.error) {
		await page.keyboard.press("3");
		for (let i = 0; i < 200 && !result.rows.length; i++) {
			result.rows = await rows_of(page);
			await page.waitForTimeout(50);
		}
	}
	await page.close();
	return result;
}

const profile = join(folder, "user-data");
const context = await chromium.launchPersistentContext(profile, {
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	headless: true,
	args: [
		"--no-sandbox",
		"--disable-gpu",
		"--no-first-run",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
		"--allow-file-access-from-files",
	],
});
try {
	for (const file of process.argv.slice(2)) {
		const result = await read(context, file);
		console.log(JSON.stringify(result));
		if (result.error) process.exitCode = 1;
	}
} finally {
	await context.close();
	rmSync(folder, { recursive: true, force: true });
}
