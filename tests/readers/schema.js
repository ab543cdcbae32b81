// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// schema.js SCHEMA FILE...: do the files follow it? SCHEMA "speedscope" is the one in speedscope's package.
import Ajv from "ajv";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [name, ...files] = process.argv.slice(2);
const path =
	name === "speedscope"
		? join(
				dirname(createRequire(import.meta.url).resolve("speedscope/package.json")),
				"dist/release/file-format-schema.json",
			)
		: name;
const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strict: false }).compile(
	JSON.parse(readFileSync(path, "utf8")),
);

for (const file of files) {
	if (validate(JSON.parse(readFileSync(file, "utf8")))) continue;
	console.error(`${file}: ${JSON.stringify(validate.errors.slice(0, 5))}`);
	process.exitCode = 1;
}
