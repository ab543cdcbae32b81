// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What flame-render's SVG does in a browser, opened as a file (TAP). Screenshots, for people to look at, are left in
// $BUILD/browser.
"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { show } = require("./browser.js");
const { ok, is, main } = require("./tap.js");

const build = path.resolve(process.env.BUILD ?? "build");
const out = path.join(build, "browser");
const folded = [
	"app;main;parse;read 20", "app;main;parse;read;copy 30", "app;main;parse 10",
	"app;main;render;read 15", "app;main;render;Escape 5", "app;idle 20", "",
].join("\n");
const later = "app;main;parse;read 60\napp;main;render;read 10\napp;idle 40\n";
const hostile = [
	'app;<script>window.__pwned=1</script>;"onload="window.__pwned=2 5', "app;]]><svg onload=alert(1)>;</style><script>alert(2)</script> 7",
	"app;javascript:alert(3);&#x3c;script&#x3e; 3", "app;' onmouseover='window.__pwned=3;{}*{background:url(http://example.org/x)} 4",
	"app;\x1b[31mred\x07;\xff\xfe\u202e 6", "app;日本語の関数名がここにある;ключ 9", "",
].join("\n");

function render(name, inputs, ...options) {
	const files = inputs.map((text, i) => {
		const file = path.join(out, `${name}-${i}.folded`);
		fs.writeFileSync(file, text);
		return file;
	});
	const svg = path.join(out, name + ".svg");
	fs.rmSync(svg, { force: true });
	execFileSync(path.join(build, "bin/flame-render"), ["-q", "--width", "1200", "-o", svg, ...options, ...files]);
	return svg;
}

const boxOf = (page, name, nth = 0) => page.evaluate(([name, nth]) => {
	const g = [...document.querySelectorAll("#frames > g")].filter(g => g.querySelector("title").textContent.split("\n")[0] === name)[nth];
	return { x: Number(g.querySelector("rect").getAttribute("x")), w: Number(g.querySelector("rect").getAttribute("width")), isShown: g.style.display !== "none" };
}, [name, nth]);
const click = (page, name, nth = 0) => page.evaluate(([name, nth]) => {
	[...document.querySelectorAll("#frames > g")].filter(g => g.querySelector("title").textContent.split("\n")[0] === name)[nth]
		.querySelector("rect").dispatchEvent(new MouseEvent("click", { bubbles: true }));
}, [name, nth]);
const shown = page => page.locator("#tools .shown").textContent();
const details = page => page.locator("#details").textContent();
const near = (a, b) => Math.abs(a - b) < 1.5;
const focusedName = page => page.evaluate(() => document.activeElement?.querySelector?.("title")?.textContent.split("\n")[0]);

async function testZoom(context, svg) {
	const { page, wrongs } = await show(context, svg);
	const whole = await boxOf(page, "parse");
	ok(near(whole.w, 0.6 * 1168), "a frame is as wide as its share", whole);
	await click(page, "parse");
	const zoomed = await boxOf(page, "parse");
	ok(near(zoomed.x, 16) && near(zoomed.w, 1168), "a click makes it as wide as the graph", zoomed);
	ok(!(await boxOf(page, "idle")).isShown, "what is beside it is hidden");
	ok(near((await boxOf(page, "main")).w, 1168), "its callers stay");
	ok((await boxOf(page, "copy")).isShown && near((await boxOf(page, "copy")).w, 1168 / 2), "its callees grow with it");
	ok(page.url().includes("#z="), "the zoom is in the URL", page.url());
	await page.screenshot({ path: path.join(out, "zoomed.png") });
	await page.reload();
	ok(near((await boxOf(page, "parse")).w, 1168), "and is there again after a reload");
	await page.goBack();
	await page.waitForFunction(() => document.querySelectorAll("#frames > g")[0].style.display === "" && !location.hash.includes("z="));
	ok(near((await boxOf(page, "parse")).w, whole.w), "Back takes it back");
	await click(page, "render");
	await page.getByText("Reset zoom").click();
	ok(near((await boxOf(page, "parse")).w, whole.w), "so does the button");
	is(wrongs.join(), "", "no request, no dialog, no error");
	await page.close();
}

async function testSearch(context, svg) {
	const { page } = await show(context, svg);
	await page.keyboard.press("/");
	await page.keyboard.type("^(read|copy)$");
	await page.waitForFunction(() => document.querySelector("#tools .shown").textContent);
	is(await shown(page), "matched 65.00 %", "a match inside a match counts once");
	is(await page.locator("#frames > g.hit").count(), 3, "and both are marked");
	ok(page.url().includes("s=%5E%28read%7Ccopy%29%24"), "the search is in the URL", page.url());
	await page.screenshot({ path: path.join(out, "searched.png") });
	await page.reload();
	is(await shown(page), "matched 65.00 %", "and is there again after a reload");
	await click(page, "render");
	is(await shown(page), "matched 75.00 % of what is shown", "zoomed, it counts what is shown");
	await page.keyboard.press("Escape");
	await page.keyboard.press("Control+f");
	await page.keyboard.type("escape");
	await page.waitForFunction(() => document.querySelector("#tools .shown").textContent.startsWith("matched 5."));
	is(await shown(page), "matched 5.00 %", "case does not matter");
	await page.getByLabel("Match case").click();
	await page.waitForFunction(() => document.querySelector("#tools .shown").textContent.startsWith("matched 0."));
	is(await shown(page), "matched 0.00 %", "unless it is asked for");
	ok(page.url().includes("c=1"), "which is in the URL", page.url());
	await page.getByLabel("Search frames").fill("a(");
	await page.waitForFunction(() => document.querySelector("#tools .shown").textContent.includes("not"));
	is(await shown(page), "not a regular expression", "what is none is told so");
	await page.getByLabel("Clear the search").click();
	is(await shown(page), "", "the search can be cleared");
	await page.close();
}

async function testKeys(context, svg) {
	const { page } = await show(context, svg);
	for (let i = 0; i < 8 && (await focusedName(page)) !== "all"; i++) await page.keyboard.press("Tab");
	is(await focusedName(page), "all", "Tab reaches the frames");
	await page.keyboard.press("ArrowUp");
	await page.keyboard.press("ArrowUp");
	await page.keyboard.press("ArrowUp");
	is(await focusedName(page), "parse", "up goes to the widest callee");
	await page.keyboard.press("ArrowRight");
	is(await focusedName(page), "render", "right goes to the next one");
	ok((await details(page)).startsWith("render: 20 samples, 20.00 %"), "the details are told", await details(page));
	await page.keyboard.press("Enter");
	ok(near((await boxOf(page, "render")).w, 1168), "Enter zooms");
	await page.keyboard.press("Escape");
	ok(near((await boxOf(page, "all")).w, 1168) && !page.url().includes("z="), "Escape shows all");
	await page.keyboard.press("ArrowDown");
	is(await focusedName(page), "main", "down goes to the caller");
	const label = await page.evaluate(() => document.activeElement.getAttribute("role") + ": " + document.activeElement.getAttribute("aria-label"));
	is(label, "button: main, 80 samples, 80.00 %", "a frame has a role and a name");
	await page.close();
}

async function testHover(context, svg) {
	const { page } = await show(context, svg);
	await page.locator("#frames > g").nth(0).hover();
	ok((await details(page)).startsWith("all: 100 samples, 100.00 %"), "pointing at a frame tells its details", await details(page));
	await page.mouse.move(600, 20);
	ok((await details(page)).startsWith("100 samples"), "and away from it those of all", await details(page));
	await page.screenshot({ path: path.join(out, "light.png") });
	const light = await page.evaluate(() => getComputedStyle(document.querySelector(".paper")).fill);
	await page.emulateMedia({ colorScheme: "dark" });
	const dark = await page.evaluate(() => getComputedStyle(document.querySelector(".paper")).fill);
	ok(light === "rgb(255, 255, 255)" && dark !== light, "dark mode has colours of its own", [light, dark]);
	await page.screenshot({ path: path.join(out, "dark.png") });
	await page.close();
}

async function testLayouts(context) {
	const icicle = await show(context, render("icicle", [folded], "--inverted", "--palette", "mem"));
	const y = name => icicle.page.evaluate(name => Number([...document.querySelectorAll("#frames > g")].find(g => g.querySelector("title").textContent.startsWith(name)).querySelector("rect").getAttribute("y")), name);
	ok((await y("all")) < (await y("parse")), "inverted: the root is at the top");
	await icicle.page.close();
	const fluid = path.join(out, "fluid.svg");
	fs.rmSync(fluid, { force: true });
	execFileSync(path.join(build, "bin/flame-render"), ["-q", "-o", fluid, path.join(out, "icicle-0.folded")]);
	const { page } = await show(context, fluid);
	await page.setViewportSize({ width: 700, height: 500 });
	await page.waitForTimeout(100);
	ok(near((await boxOf(page, "all")).w, 700 - 32), "without --width it fits the window", await boxOf(page, "all"));
	const texts = await page.evaluate(() => [...document.querySelectorAll("#frames > g")].every(g => !g.querySelector("text") || g.querySelector("text").getComputedTextLength() <= Number(g.querySelector("rect").getAttribute("width"))));
	ok(texts, "no text is wider than its frame");
	await page.close();
}

async function testDiff(context) {
	const { page, wrongs } = await show(context, render("diff", [folded, later], "--diff"));
	const classOf = (name, nth = 0) => page.evaluate(([name, nth]) => [...document.querySelectorAll("#frames > g")].filter(g => g.querySelector("title").textContent.split("\n")[0] === name)[nth].querySelector("rect").getAttribute("class"), [name, nth]);
	is((await classOf("read", 0))[0], "p", "a function that has more is red");
	is((await classOf("read", 1))[0], "n", "one that has less is blue");
	ok((await page.locator("#foot").textContent()).includes("less"), "the picture says what the colours mean");
	await click(page, "idle");
	await page.screenshot({ path: path.join(out, "diff.png") });
	is(wrongs.join(), "", "no request, no dialog, no error");
	await page.close();
}

async function testHostile(context) {
	const title = "</title><script>window.__pwned=4</script>";
	const { page, wrongs } = await show(context, render("hostile", [hostile], "--title", title, "--notes", title, "--subtitle", title, "--count-name", title));
	const frames = page.locator("#frames > g");
	for (let i = 0; i < await frames.count(); i++) {
		await page.evaluate(i => { const g = document.querySelectorAll("#frames > g")[i]; g.querySelector("rect").dispatchEvent(new MouseEvent("mouseover", { bubbles: true })); }, i);
	}
	await page.keyboard.press("/");
	await page.keyboard.type("script");
	await page.waitForFunction(() => document.querySelector("#tools .shown").textContent);
	await page.screenshot({ path: path.join(out, "hostile.png") });
	is(await page.evaluate(() => String(window.__pwned)), "undefined", "no name is run");
	is(await page.locator("script").count(), 1, "there is one script: ours");
	is(await page.evaluate(() => document.querySelectorAll("[onload],[onmouseover]").length), 0, "no name became an attribute");
	is(await page.locator("#title").evaluate(text => text.full ?? text.textContent), title, "a title is text");
	is(wrongs.join(), "", "no request, no dialog, no error");
	await page.close();
}

main({ viewport: { width: 1200, height: 500 } }, async context => {
	fs.mkdirSync(out, { recursive: true });
	const svg = render("plain", [folded], "--title", "A plain graph");
	await testZoom(context, svg);
	await testSearch(context, svg);
	await testKeys(context, svg);
	await testHover(context, svg);
	await testLayouts(context);
	await testDiff(context);
	await testHostile(context);
});
