// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Functions of all shapes that JavaScript has, called in turn for ever, by the main thread and a worker; v8-names.bats
// compares what is found of them with what V8 says itself.
//
//	node v8-shapes.js FOLDER [alone]	FOLDER: for modules that are generated, with line ends and names of their own.
//					alone: no worker
//
// Says "ready PID" when it has run for a while, so that code which is going to be optimised is. Ended by a signal.
//
// linkN is called by linkN-1 and by nobody else, whatever is inlined into what.
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { Worker, isMainThread, workerData } = require('worker_threads');

const ROUNDS = 400; // of a loop in a function: some microseconds
const folder = path.resolve(isMainThread ? process.argv[2] : workerData);

function spin(n) {
	let sum = 0;
	for (let i = 0; i < n; i++) sum += Math.imul(i ^ sum, 31);
	return sum;
}

// --- shapes --------------------------------------------------------------------------------------

class Shape {
	#hidden = 1;
	constructor(n) { this.size = spin(n); }
	method(n) { return spin(n) + this.#privately(n); }
	#privately(n) { return spin(n) + this.#hidden; }
	static fixed(n) { return spin(n); }
	get area() { return spin(ROUNDS); }
	set area(n) { this.size = spin(n); }
	*[Symbol.iterator]() { for (let i = 0; i < 3; i++) yield spin(ROUNDS); }
	['a name with blanks'](n) { return spin(n); }
	['größe'](n) { return spin(n); }
	['名前'](n) { return spin(n); }
}

class Derived extends Shape {
	constructor(n) { super(n); this.more = spin(n); }
	method(n) { return super.method(n) + spin(n); }
}

const assigned = function (n) { return spin(n); };
const arrow = (n) => spin(n);
const object = { method(n) { return spin(n); }, property: (n) => spin(n), 'with-dash': function (n) { return spin(n); } };
const nameless = [(n) => spin(n), function (n) { return spin(n); }, (() => (n) => spin(n))()];

function* generator(n) { for (let i = 0; i < n; i++) yield spin(ROUNDS); }
async function waits(n) { let sum = spin(n); await null; sum += spin(n); return sum; }
async function* stream(n) { for (let i = 0; i < n; i++) { await null; yield spin(ROUNDS); } }

// Locals that are captured: more than V8 keeps names of in the function's own description.
const manyLocals = new Function('spin', `
	${Array.from({ length: 90 }, (_, i) => `let local${i} = ${i};`).join('\n\t')}
	return function capturesMany(n) {
		local0 += spin(n);
		return () => ${Array.from({ length: 90 }, (_, i) => `local${i}`).join(' + ')};
	};`)(spin);

function outer(n) {
	let kept = spin(n);
	function inner(m) { kept += spin(m); return () => kept; }
	return inner(n)();
}

function recursive(depth, n) { return depth === 0 ? spin(n) : recursive(depth - 1, n) + 1; }
function throws(n) { try { if (spin(n)) throw new Error('no'); } catch { return spin(n); } return 0; }
function sorts(n) { return [5, 3, 8, 1, 9, 2].sort((a, b) => spin(n) * 0 + a - b); }
function replaces(n) { return 'abcabc'.replace(/b/g, () => String(spin(n))); }
function stringifies(n) { return JSON.stringify({ toJSON() { return spin(n); } }); }
const bound = function toBeBound(n) { return spin(n); }.bind(null);
const proxied = new Proxy({}, { get(target, name) { return spin(ROUNDS) + String(name).length; } });

const evaluated = eval('(function evaluated(n) { return spin(n); })');
const made = new Function('spin', 'n', 'return spin(n);');
const script = new vm.Script('(function inScript(spin, n) {\n\treturn spin(n);\n})', { filename: 'made-up.js' });
const inScript = script.runInThisContext();
const placed = vm.runInThisContext('(function placed(spin, n) {\n\treturn spin(n);\n})',
	{ filename: '/made/up/place.js', lineOffset: 41, columnOffset: 7 });
const sourced = eval('(function sourced(spin, n) { return spin(n); })\n//# sourceURL=named-by-url.js');

// --- modules -------------------------------------------------------------------------------------

// FUNCTIONS functions in a file, each some lines after the one before, with its own ends of lines.
const FUNCTIONS = 40;
function moduleOf(name, end) {
	const file = path.join(folder, name);
	const lines = [`'use strict';`, '', '/* ä: not Latin in some, and not all of, the files */'];
	for (let i = 0; i < FUNCTIONS; i++) {
		for (let blank = 0; blank < i % 4; blank++) lines.push('');
		lines.push(`exports.f${i} = function of_${name.replace(/[^a-z0-9]/g, '_')}_${i}(spin, n) {`, `	return spin(n) + ${i};`, '};');
	}
	fs.writeFileSync(file, lines.join(end));
	return require(file);
}
const modules = [
	['plain.js', '\n'], ['crlf.js', '\r\n'], ['returns.js', '\r'], ['with blanks.js', '\n'], ['größe-名前.js', '\n'],
].map(([name, end]) => moduleOf(`${isMainThread ? 'main' : 'worker'}-${name}`, end));

// --- calls ---------------------------------------------------------------------------------------

const calls = [
	(n) => new Shape(n).method(n), (n) => new Derived(n).method(n), (n) => Shape.fixed(n),
	(n) => { const s = new Shape(n); s.area = n; return s.area; }, (n) => [...new Shape(n)].length,
	(n) => new Shape(n)['a name with blanks'](n), (n) => new Shape(n)['größe'](n), (n) => new Shape(n)['名前'](n),
	assigned, arrow, object.method, object.property, object['with-dash'], ...nameless,
	(n) => [...generator(2)].length + n, (n) => { waits(n); }, async (n) => { for await (const x of stream(2)) spin(n + x % 2); },
	(n) => manyLocals(n)(), outer, (n) => recursive(6, n), throws, sorts, replaces, stringifies, bound, () => proxied.name,
	evaluated, (n) => made(spin, n), (n) => inScript(spin, n), (n) => placed(spin, n), (n) => sourced(spin, n),
	(n) => [1, 2, 3].map((x) => spin(n) + x).length, (n) => { [1, 2].forEach(function each(x) { spin(n + x); }); },
	(n) => Reflect.apply(assigned, null, [n]), (n) => new Map([[1, 2]]).forEach(() => spin(n)),
	(n) => eval('(function () { return spin(n); })()'),
	...modules.flatMap((m) => Object.values(m).map((f) => (n) => f(spin, n))),
];

function link0(i, n) { return link1(i, n) + 1; }
function link1(i, n) { return link2(i, n) + 1; }
function link2(i, n) { return link3(i, n) + 1; }
function link3(i, n) { return link4(i, n) + 1; }
function link4(i, n) { return link5(i, n) + 1; }
function link5(i, n) { return spin(n) + calls[i % calls.length](n); }

function turn(count) {
	for (let i = 0; i < count; i++) link0(i, ROUNDS);
}

// Turns of the loop, in which promises are kept and node's own functions run.
const until = Number(process.env.WARM_MS ?? 1000);
let ready = false;
function again() {
	turn(calls.length);
	if (isMainThread && !ready && process.cpuUsage().user / 1000 > until) {
		ready = true;
		console.log(`ready ${process.pid}`);
	}
	setImmediate(again);
}
if (isMainThread && process.argv[3] !== 'alone') new Worker(__filename, { workerData: folder, name: 'second' });
again();
