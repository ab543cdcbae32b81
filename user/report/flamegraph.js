// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The flame graph by hand: fit to the window, zoom, search, keys. All data is in the picture: a
// frame's <title> is its name and, below, its amounts; where it lies tells its parent. The state is
// in the fragment: #z=FRAME&s=REGEXP&c=1 (c: case matters).
"use strict";
(() => {
	const svg = document.currentScript.ownerSVGElement;
	const byId = id => svg.getElementById(id);
	const setting = name => Number(svg.dataset[name]);
	const margin = setting("margin"), row = setting("row"), growsUp = setting("up") === 1;
	const inset = 4, drop = 13, gap = 0.4, leastColumns = 3, toolsWidth = 640, ring = 4;
	const details = byId("details");
	const summary = details.textContent + ". Click a frame to zoom in, / searches, arrow keys move";
	const container = byId("frames");
	let width, charWidth, zoomed, focused, state = { z: 0, s: "", c: false };

	// --- the tree, out of the picture ---

	const frames = Array.from(container.children, (g, index) => {
		const rect = g.querySelector("rect");
		const [name, ...notes] = g.querySelector("title").textContent.split("\n");
		return {
			g, rect, index, name, notes: notes.join(" "), text: g.querySelector("text"),
			x: Number(rect.getAttribute("x")), w: Number(rect.getAttribute("width")),
			y: Number(rect.getAttribute("y")), children: [], last: index,
		};
	});
	const root = frames[0];
	const path = [];
	for (const f of frames) {
		f.depth = Math.round(Math.abs(f.y - root.y) / row);
		path.length = f.depth;
		f.parent = path[f.depth - 1];
		path.push(f);
		if (f.parent) f.parent.children.push(f);
		for (const above of path) above.last = f.index;
		f.isAscii = /^[\x20-\x7e]*$/.test(f.name);
		f.g.setAttribute("role", "button");
		f.g.setAttribute("aria-label", f.name + ", " + f.notes);
		f.g.setAttribute("tabindex", "-1");
		f.g.frame = f;
	}
	focused = root;
	root.g.setAttribute("tabindex", "0");

	function* ancestors(f) {
		for (let up = f.parent; up; up = up.parent) yield up;
	}

	// --- drawing ---

	// What is not ASCII may be two columns wide.
	function fitted(f, columns) {
		if (columns < leastColumns) return "";
		if (f.isAscii) return f.name.length <= columns ? f.name : f.name.slice(0, columns - 1) + "…";
		const letters = Array.from(f.name), room = Math.floor(columns / 2);
		return letters.length <= room ? f.name : letters.slice(0, room - 1).join("") + "…";
	}

	function place(f, x, w) {
		f.g.style.display = "";
		f.rect.setAttribute("x", x);
		f.rect.setAttribute("width", Math.max(w - gap, Math.min(w, gap)));
		const label = fitted(f, Math.floor((w - 2 * inset) / charWidth));
		if (!label && !f.text) return;
		if (!f.text) {
			f.text = document.createElementNS(svg.namespaceURI, "text");
			f.text.setAttribute("y", f.y + drop);
			f.g.append(f.text);
		}
		f.text.setAttribute("x", x + inset);
		if (f.text.textContent !== label) f.text.textContent = label;
	}

	function draw() {
		const around = new Set(ancestors(zoomed));
		const scale = (width - 2 * margin) / zoomed.w;
		for (const f of frames) {
			const isAround = around.has(f);
			f.g.classList.toggle("around", isAround);
			if (isAround) place(f, margin, width - 2 * margin);
			else if (f.index < zoomed.index || f.index > zoomed.last) f.g.style.display = "none";
			else place(f, margin + (f.x - zoomed.x) * scale, f.w * scale);
		}
	}

	function measure() {
		const probe = document.createElementNS(svg.namespaceURI, "text");
		probe.textContent = "0".repeat(100);
		container.append(probe);
		charWidth = probe.getComputedTextLength() / 100 || 7.25;
		probe.remove();
	}

	function fitWindow() {
		if (setting("fluid")) {
			svg.setAttribute("width", "100%");
			svg.removeAttribute("viewBox");
			width = Math.max(svg.getBoundingClientRect().width, 320);
		} else {
			width = Number(svg.getAttribute("width"));
		}
		measure();
		layTools();
		for (const text of [byId("subtitle"), ...svg.querySelectorAll("#foot > text")]) shorten(text, width - 2 * margin);
		if (zoomed) apply(true);
	}

	// Texts of the head are shortened from their full form each time.
	function shorten(text, room) {
		if (!text) return;
		text.full = text.full ?? text.textContent;
		text.textContent = text.full;
		let length = text.full.length;
		while (length > 1 && text.getComputedTextLength() > room) {
			length = Math.min(length - 1, Math.floor(length * room / text.getComputedTextLength()));
			text.textContent = text.full.slice(0, length) + "…";
		}
	}

	function say(text) {
		details.full = text;
		shorten(details, width - 2 * margin);
	}

	function tell(f) {
		const share = f !== zoomed && zoomed !== root ? "; " + percent(f.w / zoomed.w) + " of " + zoomed.name : "";
		say(f.name + ": " + f.notes + (f.depth >= zoomed.depth ? share : ""));
	}

	const percent = share => (100 * share).toFixed(2) + " %";

	// --- search ---

	function pattern() {
		if (!state.s) return null;
		try {
			return new RegExp(state.s, state.c ? "" : "i");
		} catch {
			return undefined;
		}
	}

	// The share of what is shown that lies in a match; a match inside a match counts once.
	function matched() {
		for (const up of ancestors(zoomed)) if (up.isHit) return 1;
		let sum = 0;
		for (let i = zoomed.index; i <= zoomed.last; i++) {
			if (!frames[i].isHit) continue;
			sum += frames[i].w;
			i = frames[i].last;
		}
		return Math.min(sum / zoomed.w, 1);
	}

	function search() {
		const wanted = pattern();
		for (const f of frames) {
			f.isHit = Boolean(wanted && wanted.test(f.name));
			f.g.classList.toggle("hit", f.isHit);
		}
		container.classList.toggle("searching", Boolean(wanted));
		input.classList.toggle("bad", wanted === undefined);
		tellMatched(wanted);
	}

	function tellMatched(wanted) {
		const share = wanted ? matched() : 0;
		shown.textContent = wanted === null ? "" : wanted === undefined ? "not a regular expression" :
			"matched " + percent(share) + (zoomed === root ? "" : " of what is shown");
	}

	function nextMatch() {
		const order = [...frames.slice(focused.index + 1), ...frames.slice(0, focused.index + 1)];
		const next = order.find(f => f.isHit && f.g.style.display !== "none");
		if (next) focus(next);
	}

	// --- state ---

	function fromUrl() {
		const words = new URLSearchParams(location.search);
		new URLSearchParams(location.hash.slice(1)).forEach((value, key) => words.set(key, value));
		const z = Number(words.get("z"));
		return { z: Number.isInteger(z) && frames[z] ? z : 0, s: words.get("s") ?? "", c: words.get("c") === "1" };
	}

	// A zoom can be taken back by the browser's Back; typing leaves no trail.
	function remember(isStep) {
		const words = new URLSearchParams();
		if (state.z) words.set("z", state.z);
		if (state.s) words.set("s", state.s);
		if (state.c) words.set("c", "1");
		const url = "#" + words;
		try {
			history[isStep ? "pushState" : "replaceState"](null, "", url);
		} catch {
			location.replace(url);
		}
	}

	function apply(isResized) {
		const isSame = zoomed === frames[state.z] && !isResized;
		zoomed = frames[state.z];
		input.value = state.s;
		matchCase.setAttribute("aria-pressed", String(state.c));
		reset.hidden = zoomed === root;
		clear.hidden = !state.s;
		if (!isSame) draw();
		search();
		const tools = [shown, reset, input, matchCase, clear].reduce((sum, tool) => sum + (tool.offsetWidth ? tool.offsetWidth + 6 : 0), 0);
		shorten(byId("title"), width - 3 * margin - tools);
	}

	function change(what, isStep) {
		state = { ...state, ...what };
		apply();
		remember(isStep);
	}

	const zoom = f => { if (f !== zoomed) change({ z: f.index }, true); };

	// --- tools: made here, since without a script they would be of no use ---

	const html = "http://www.w3.org/1999/xhtml";
	function make(tag, attributes, text = "") {
		const element = document.createElementNS(html, tag);
		for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
		element.textContent = text;
		return element;
	}
	const holder = document.createElementNS(svg.namespaceURI, "foreignObject");
	const tools = make("div", { id: "tools" });
	const shown = make("span", { class: "shown", role: "status" });
	const reset = make("button", { type: "button", title: "Show all (Escape)" }, "Reset zoom");
	const input = make("input", { type: "text", placeholder: "Search: /  (regular expression)", "aria-label": "Search frames by regular expression", spellcheck: "false", autocomplete: "off" });
	const matchCase = make("button", { type: "button", title: "Match case (Ctrl-I)", "aria-label": "Match case", "aria-pressed": "false" }, "Aa");
	const clear = make("button", { type: "button", title: "Clear the search", "aria-label": "Clear the search" }, "×");
	tools.append(shown, reset, input, matchCase, clear);
	holder.append(tools);
	byId("head").append(holder);

	// With room for the ring around what has the focus.
	function layTools() {
		const room = Math.min(toolsWidth, width - 2 * margin);
		holder.setAttribute("x", width - margin - room);
		holder.setAttribute("y", 8);
		holder.setAttribute("width", room + ring);
		holder.setAttribute("height", 28 + 2 * ring);
	}

	// --- mouse ---

	const frameOf = event => event.target.closest?.("#frames > g")?.frame;

	container.addEventListener("click", event => {
		const f = frameOf(event);
		if (!f) return;
		zoom(f);
		focus(f, true);
	});
	container.addEventListener("mouseover", event => { const f = frameOf(event); if (f) tell(f); });
	container.addEventListener("mouseleave", () => say(summary));
	reset.addEventListener("click", () => zoom(root));
	clear.addEventListener("click", () => { change({ s: "" }); input.focus(); });
	matchCase.addEventListener("click", () => change({ c: !state.c }));

	let typing;
	input.addEventListener("input", () => {
		clearTimeout(typing);
		typing = setTimeout(() => change({ s: input.value }), 120);
	});

	// --- keys ---

	function focus(f, isByMouse) {
		focused.g.setAttribute("tabindex", "-1");
		focused = f;
		f.g.setAttribute("tabindex", "0");
		f.g.focus({ preventScroll: isByMouse, focusVisible: !isByMouse });
		tell(f);
	}

	const isShown = f => f && f.g.style.display !== "none";
	const widest = fs => fs.reduce((best, f) => (!best || f.w > best.w ? f : best), undefined);

	// The next frame of the same depth, to the left (-1) or right.
	function beside(f, step) {
		for (let i = f.index + step; frames[i]; i += step) if (frames[i].depth === f.depth) return frames[i];
		return undefined;
	}

	const moves = {
		ArrowUp: f => (growsUp ? widest(f.children) : f.parent),
		ArrowDown: f => (growsUp ? f.parent : widest(f.children)),
		ArrowLeft: f => beside(f, -1),
		ArrowRight: f => beside(f, 1),
		Home: () => root,
	};

	function onFrameKey(event, f) {
		const to = moves[event.key];
		if (to) {
			const next = to(f);
			if (isShown(next)) focus(next);
		} else if (event.key === "Enter" || event.key === " ") {
			zoom(f);
		} else {
			return;
		}
		event.preventDefault();
	}

	function onInputKey(event) {
		if (event.key === "Escape") {
			change({ s: "" });
			focused.g.focus();
		} else if (event.key === "Enter") {
			clearTimeout(typing);
			change({ s: input.value });
			nextMatch();
		}
	}

	// Ctrl-F in the field is left to the browser: its own search is wanted then.
	function onKey(event) {
		const isControl = event.ctrlKey || event.metaKey;
		const isInField = event.target === input;
		if (!isInField && ((isControl && event.key === "f") || event.key === "F3" || (!isControl && event.key === "/"))) {
			event.preventDefault();
			input.focus();
			input.select();
		} else if (isControl && event.key === "i") {
			event.preventDefault();
			change({ c: !state.c });
		} else if (isInField) {
			onInputKey(event);
		} else if (event.key === "Escape") {
			zoom(root);
		} else if (!isControl && !event.altKey && frameOf(event)) {
			onFrameKey(event, frameOf(event));
		}
	}

	addEventListener("keydown", onKey);
	// Not at the container: Chromium lets Tab stop at SVG elements that listen for the focus.
	addEventListener("focusin", event => { const f = frameOf(event); if (f) tell(f); });
	addEventListener("popstate", () => { state = fromUrl(); apply(); });
	addEventListener("resize", fitWindow);
	// The head stays in sight while a deep graph is scrolled.
	addEventListener("scroll", () => byId("head").setAttribute("transform", "translate(0," + scrollY + ")"), { passive: true });

	state = fromUrl();
	fitWindow();
	say(summary);
	apply();
})();
