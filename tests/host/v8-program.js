// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What tests/host/v8-record.c samples: functions of each tier and of all ways to be named.
'use strict';
const vm = require('vm');

class Shape {
	constructor(n) {
		this.n = n;
	}
	area(k) {
		let s = 0;
		for (let i = 0; i < 300; i++)
			s += product(i, k);
		return s * this.n;
	}
	get half() {
		return spin(this.n) / 2;
	}
	static of(n) {
		return new Shape(n);
	}
}

function product(i, k) {
	return remainder(i * k);
}

function remainder(x) {
	return x % 7;
}

function spin(n) {
	let x = n | 0;
	for (let i = 0; i < 400; i++)
		x = (x * 31 + i) | 0;
	return x;
}

const object = {};
object.inferred = function () {
	return spin(3) + [3, 1, 2].map((x) => spin(x)).length;
};

/* More variables in its context than are named in its ScopeInfo. */
const many = new Function('spin', `
	let ${Array.from({ length: 90 }, (_, i) => `v${i} = ${i}`).join(', ')};
	return function named_by_table() {
		const all = () => [${Array.from({ length: 90 }, (_, i) => `v${i}`).join(', ')}];
		return spin(v0) + all().length;
	};`)(spin);

const evaluated = eval('(function evaluated(n) { return spin(n); })');
const mapped = eval('(function mapped(n) { return spin(n) + 1; })\n//# sourceURL=mapped.ts');
const moved = vm.runInThisContext('(function moved(spin) { return spin(1); })',
	{ filename: '/srv/app/moved.js', lineOffset: 10 });
const wide = vm.runInThisContext('\n(function größe_数(spin) { return spin(1); })',
	{ filename: '/srv/app/größe-数.js' });

function round(n) {
	const shape = Shape.of(n);
	return shape.area(2) + shape.half + object.inferred() + many() + evaluated(n) + mapped(n) +
		moved(spin) + wide(spin) + regular(n);
}

function regular(n) {
	return /(\d+)-(\w+)/.exec('abc 123-xyz ' + n)[1].length;
}

function main() {
	for (let i = 0; i < 20; i++)
		round(i);
	setImmediate(main);
}

main();
