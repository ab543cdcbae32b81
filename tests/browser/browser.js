// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The system's Chromium, headless and without a network of its own, for the tests beside this file.
"use strict";
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const candidates = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"];
const args = [
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-default-apps", "--hide-scrollbars",
];

// Why nothing can be tested here, or "".
function missing() {
	if (!candidates.some(file => file && fs.existsSync(file))) return "needs chromium";
	try {
		require.resolve("playwright-core");
		return "";
	} catch {
		return "needs playwright-core: make check-browser";
	}
}

// A browser context with a profile of its own, and what is to be done at the end.
async function open(settings) {
	const { chromium } = require("playwright-core");
	const executablePath = candidates.find(file => file && fs.existsSync(file));
	const profile = fs.mkdtempSync(path.join(os.tmpdir(), "bpf-vitals-browser-"));
	const context = await chromium.launchPersistentContext(profile, { executablePath, args, headless: true, offline: true, ...settings });
	const close = async () => {
		await context.close();
		fs.rmSync(profile, { recursive: true, force: true });
	};
	return { context, close };
}

// A page with FILE, and what it did that it should not: dialogs, requests, errors.
async function show(context, file, fragment = "") {
	const page = await context.newPage();
	const wrongs = [];
	const url = pathToFileURL(file).href;
	page.on("dialog", dialog => { wrongs.push("dialog: " + dialog.message()); void dialog.dismiss(); });
	page.on("request", request => { if (request.url().split("#")[0] !== url) wrongs.push("request: " + request.url()); });
	page.on("pageerror", error => wrongs.push("error: " + error.message));
	page.on("console", message => { if (message.type() === "error") wrongs.push("console: " + message.text()); });
	await page.goto(url + fragment);
	return { page, wrongs };
}

module.exports = { open, show, missing };
