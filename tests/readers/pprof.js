// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// pprof.js FILE: what npm's pprof-format reads in it, as JSON.
import { Profile } from "pprof-format";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const profile = Profile.decode(gunzipSync(readFileSync(process.argv[2])));
const text = (index) => profile.stringTable.strings[Number(index)];
const by_id = (list) => new Map(list.map((item) => [Number(item.id), item]));
const functions = by_id(profile.function);
const locations = by_id(profile.location);
const mappings = by_id(profile.mapping);

const frames_of = (sample) =>
	sample.locationId.flatMap((id) =>
		locations.get(Number(id)).line.map((line) => text(functions.get(Number(line.functionId)).name)),
	);
const label_of = (label) => [text(label.key), Number(label.str) ? text(label.str) : Number(label.num)];

console.log(
	JSON.stringify({
		types: profile.sampleType.map((type) => `${text(type.type)}/${text(type.unit)}`),
		default: text(profile.defaultSampleType),
		period: Number(profile.period),
		time: String(profile.timeNanos),
		duration: Number(profile.durationNanos),
		comments: profile.comment.map(text),
		mappings: profile.mapping.map((mapping) => ({
			file: text(mapping.filename),
			build_id: text(mapping.buildId),
			has_functions: mapping.hasFunctions,
		})),
		totals: [0, 1].map((i) => profile.sample.reduce((sum, sample) => sum + Number(sample.value[i]), 0)),
		samples: profile.sample.map((sample) => ({
			values: sample.value.map(Number),
			frames: frames_of(sample),
			files: sample.locationId.map((id) => {
				const mapping = mappings.get(Number(locations.get(Number(id)).mappingId));
				return mapping ? text(mapping.filename) : null;
			}),
			labels: Object.fromEntries(sample.label.map(label_of)),
		})),
	}),
);
