// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The load test's picture of latency over the offered rate, in a browser, opened as a file (TAP). A screenshot is left in
// $BUILD/browser.
"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { show } = require("./browser.js");
const { ok, is, main } = require("./tap.js");

const out = path.join(path.resolve(process.env.BUILD ?? "build"), "browser");
const script = path.resolve(__dirname, "../../scripts/load-test.sh");
const hostile = "<script>window.__pwned=1</script>]]><svg onload=alert(1)>\u202e\x1b[31m&#x3c;'\"";
const rates = [25, 50, 85].map(share => ({ share_pct: share, qps: share * 100 }));
const measures = { p50: 1, p95: 4, p99: 20, max: 90 };

// A result with sides of these names; the second is twice as slow.
function result(...names) {
	const summary = names.flatMap((side, i) => rates.flatMap(rate => Object.entries(measures).map(([measure, ms]) => {
		const mean = ms * (i + 1) * rate.share_pct / 25;
		return { side, share_pct: rate.share_pct, measure, count: 5, mean, sd: mean / 10, median: mean, low: mean * 0.9, high: mean * 1.1 };
	})));
	const runs = rates.map(rate => ({ share_pct: rate.share_pct, errors: {} }));
	const sides = names.map(name => ({ name, tool: null, rounds: [{ runs, tool_cpu_s: null }] }));
	return {
		schema: "load-test/1", sides, rates, summary, comparison: null, slo: null, warnings: [], complete: true, note: null,
		search: { steps: [], connections: 8, qps: 10000, why: "it is a test" }, settings: { confidence: 0.95 },
		environment: { cpu: "a CPU", is_virtual: false, kernel: "6.1", load_1m: 0, server_cpus: [0], client_cpus: [1] },
	};
}

function draw(name, ...sides) {
	const json = path.join(out, name + ".json"), svg = path.join(out, name + ".svg");
	fs.writeFileSync(json, JSON.stringify(result(...sides)));
	fs.rmSync(svg, { force: true });
	execFileSync(script, ["--show", json, "--svg", svg], { stdio: ["ignore", "ignore", "inherit"] });
	return svg;
}

const boxes = (page, selector) => page.evaluate(selector => [...document.querySelectorAll(selector)].map(element => {
	const { left, top, right, bottom } = element.getBoundingClientRect();
	return { left, top, right, bottom };
}), selector);

async function testCurves(context) {
	const { page, wrongs } = await show(context, draw("load-one", "one"));
	const points = await boxes(page, "circle");
	is(points.length, 12, "a point for each measure at each rate");
	ok(points.every((point, i) => i % 3 === 0 || (point.left > points[i - 1].left && point.top < points[i - 1].top)),
		"a higher rate is further right, a longer latency higher", points);
	const texts = await page.evaluate(() => [...document.querySelectorAll("text")].map(text => text.textContent));
	ok(["p50", "p95", "p99", "max", "offered rate, requests/s", "ms"].every(text => texts.includes(text)), "axes and curves are named", texts);
	const frame = (await boxes(page, "rect"))[0];
	ok((await boxes(page, "text, circle, polyline")).every(box => box.left >= frame.left - 1 && box.right <= frame.right + 1 &&
		box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1), "nothing is cut off");
	is(wrongs.length, 0, "nothing is asked of the network, nothing goes wrong");
	await page.screenshot({ path: path.join(out, "load-chart.png") });
	await page.close();
}

async function testTwoSides(context) {
	const { page } = await show(context, draw("load-two", "before", "after"));
	is((await boxes(page, "circle")).length, 24, "two sides have twice as many");
	const dashes = await page.evaluate(() => new Set([...document.querySelectorAll("polyline[stroke]")].map(line => line.getAttribute("stroke-dasharray"))).size);
	is(dashes, 2, "and lines of their own");
	await page.emulateMedia({ colorScheme: "dark" });
	const background = await page.evaluate(() => getComputedStyle(document.querySelector("rect")).fill);
	ok(background !== "rgb(255, 255, 255)", "dark where that is wanted", background);
	await page.screenshot({ path: path.join(out, "load-chart-dark.png") });
	await page.close();
}

async function testHostile(context) {
	const { page, wrongs } = await show(context, draw("load-hostile", hostile));
	is(await page.locator("script").count(), 0, "a name is no script");
	is(await page.evaluate(() => window.__pwned), undefined, "and is not run");
	ok((await page.evaluate(() => document.documentElement.textContent)).includes("window.__pwned=1"), "it is text");
	is(wrongs.length, 0, "nothing else happens");
	await page.close();
}

main({ viewport: { width: 820, height: 460 } }, async context => {
	fs.mkdirSync(out, { recursive: true });
	await testCurves(context);
	await testTwoSides(context);
	await testHostile(context);
});
